"""A bracketed value of model text while it is being read: what is made of it so far, and the step that comes next.

This is what the steps of `tokens` and of `automaton` work on. It knows the four steps that stand between tokens by
what they follow, so that the end of a token can hand over to them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ..patterns import pattern
from ..records import dataclass
from .nodes import ArrayNode, Container, Node, ObjectNode, TextNode
from .policy import Policy
from .quotes import quote_ends_key

_BLANKS = pattern(r"\s*")

Step: TypeAlias = "Callable[[OpenValue], bool]"
QuoteRule: TypeAlias = Callable[[str, int, str, bool, bool], int]


@dataclass(frozen=True, slots=True)
class Between:
    """The steps that look for the next token."""

    before_key: Step
    after_key: Step
    after_value: Step
    before_item: Step


class OpenValue:
    """`root` grows in place. `rest` is the text after the root's end, once `closed`.

    `suspect` tells that an inner quote may have been taken for the wrong thing. The text that is at hand begins
    `offset` characters into the answer; `at` is where it is being read.
    """

    __slots__ = (
        "at",
        "between",
        "changed",
        "closed",
        "comment_end",
        "ended",
        "ends",
        "inner",
        "key_start",
        "max_depth",
        "offset",
        "policy",
        "resume",
        "root",
        "size",
        "stack",
        "step",
        "suspect",
        "text",
        "token",
        "too_deep",
    )

    def __init__(self, root: Container, between: Between, max_depth: int, policy: Policy) -> None:
        self.root = root
        self.between = between
        self.changed = True
        self.closed = False
        self.suspect = False
        self.too_deep = False
        self.max_depth = max_depth
        self.policy = policy
        self.stack: list[Container] = [root]
        self.step: Step = between.before_key if type(root) is ObjectNode else between.before_item
        self.text = ""
        self.offset = root.start + 1
        self.at = 0
        self.ended = False
        self.token = TextNode("")
        self.ends: QuoteRule = quote_ends_key
        self.inner = 0
        self.size = 0
        self.key_start = 0
        self.comment_end = ""
        self.resume: Step = self.step

    @property
    def waiting(self) -> int:
        """How many characters were looked at but wait for what follows them. Bounded by a few windows."""
        return len(self.text) - self.at

    @property
    def position(self) -> int:
        """Where in the answer the reading is."""
        return self.offset + self.at

    @property
    def rest(self) -> str:
        return self.text[self.at :]

    def peek(self) -> str:
        """The next character that is not blank; empty when there is none yet. Any step has one to look at."""
        text, at = self.text, self.at
        first = text[at]
        if not first.isspace():
            return first
        match = _BLANKS.match(text, at)
        assert match is not None, "the pattern matches nothing at all, too"
        self.at = at = match.end()
        return text[at] if at < len(text) else ""

    def attach(self, node: Node) -> None:
        self.stack[-1].values.append(node)
        self.changed = True

    def next_step(self) -> None:
        """What comes after a value that just ended."""
        between = self.between
        self.step = between.after_value if type(self.stack[-1]) is ObjectNode else between.before_item

    def key_ends(self) -> None:
        """The open token was a key, if a colon follows."""
        self.key_start = self.token.start
        self.step = self.between.after_key

    def take_key(self, key: str) -> None:
        """Its colon was read; its value may follow."""
        frame = self.stack[-1]
        assert type(frame) is ObjectNode
        # It had its value, or was dropped, the key before this one.
        frame.keys.append(key)
        if frame.first_key is None:
            frame.first_key = key
            # An item is shown once it has a key, and so is a value that takes the place of one that failed.
            if len(self.stack) == 1 or type(self.stack[-2]) is ArrayNode:
                self.changed = True

    def key_is_lost(self) -> None:
        """The open token stands where a key should be, with nothing that makes it one."""
        if self.token.end is None:
            self.token.end = self.position
        self.token.torn = False  # it is told as what is lost
        self.orphan(self.token)
        self.step = self.between.before_key

    def drop_key(self) -> None:
        frame = self.stack[-1]
        if isinstance(frame, ObjectNode) and len(frame.keys) > len(frame.values):
            self.orphan(TextNode('"', frame.keys.pop(), done=True, start=self.key_start, end=self.position))

    def orphan(self, node: Node) -> None:
        """Keep what has no place in the object, so that the report can tell it."""
        frame = self.stack[-1]
        assert isinstance(frame, ObjectNode)
        if frame.orphans is None:
            frame.orphans = []
        frame.orphans.append(node)

    def leave(self) -> Container:
        """Pop the innermost frame, and let its parent know how high it is."""
        # First the key without a value: it is an orphan of the frame that still stands on the stack.
        self.drop_key()
        frame = self.stack.pop()
        frame.end = self.position
        if self.stack and self.stack[-1].height <= frame.height:
            self.stack[-1].height = frame.height + 1
        return frame
