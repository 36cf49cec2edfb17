"""One bracketed value of model text, read as it arrives: characters in, a growing tree of nodes out.

The grammar is JSON as models write it: missing or doubled commas, bare words, four kinds of quotes,
comments, inner quotes, wrong closers. Types never change how characters are read. The stack is explicit,
each step consumes text or waits for more, and what is waited for lies within a bounded window.

    before_key -> (in_string | in_bare_key) -> after_key -> before_value -> value -> after_value -> ...
    before_item -> item -> before_item -> ...
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from .nodes import ArrayNode, Container, Node, ObjectNode, TextNode
from .policy import USUAL, Policy
from .quotes import quote_ends_key
from .tokens import (
    QuoteRule,
    in_block,
    in_string,
    open_bare,
    open_bare_key,
    open_item_string,
    open_key_string,
    open_value_string,
)

_BLANKS = re.compile(r"\s*")
_WHOLE_KEY = re.compile(r'[\s,]*"([^"\\]*)"\s*:\s*')

Step: TypeAlias = "Callable[[Automaton], bool]"


class Automaton:
    """`root` grows in place. `rest` is the text after the root's end, once `closed`.

    `suspect` tells that an inner quote may have been taken for the wrong thing. The text that is at hand begins
    `offset` characters into the answer; `at` is where it is being read.
    """

    __slots__ = (
        "_comment_end",
        "_key_start",
        "_max_depth",
        "_resume",
        "at",
        "changed",
        "closed",
        "ended",
        "ends",
        "inner",
        "offset",
        "policy",
        "root",
        "size",
        "stack",
        "step",
        "suspect",
        "text",
        "token",
        "too_deep",
    )

    def __init__(self, opener: str, max_depth: int, policy: Policy = USUAL, start: int = 0) -> None:
        self.root: Container = ObjectNode(start) if opener == "{" else ArrayNode(start)
        self.changed = True
        self.closed = False
        self.suspect = False
        self.too_deep = False
        self._max_depth = max_depth
        self.policy = policy
        self.stack: list[Container] = [self.root]
        self.step: Step = _before_key if opener == "{" else _before_item
        self.text = ""
        self.offset = start + 1
        self.at = 0
        self.ended = False
        self.token = TextNode("")
        self.ends: QuoteRule = quote_ends_key
        self.inner = 0
        self.size = 0
        self._key_start = 0
        self._comment_end = ""
        self._resume: Step = self.step

    def feed(self, text: str) -> None:
        at = self.at
        if at == len(self.text):
            # Most text of a stream is the inside of a string.
            if self.step is in_string:
                token = self.token
                if token.parts and token.quote not in text and "\\" not in text:
                    token.parts.append(text)
                    self.offset += len(text)
                    if self.ends is not quote_ends_key:
                        self.changed = True
                    return
            self.text = text
        else:
            self.text = self.text[at:] + text
        self.offset += at
        self.at = 0
        self._run()

    def finish(self) -> None:
        """No more text will come: settle what was waiting. What is still open stays not done."""
        self.ended = True
        self._run()
        if self.step is in_string and self.inner:
            self.suspect = True
        self.token.seal()
        while self.stack:
            self._leave()

    @property
    def in_string(self) -> bool:
        """Whether the text goes on inside a string: not at a quote that may well be its end."""
        if self.step is in_string:
            return not self.text.startswith(self.token.quote, self.at)
        return self.step is in_block

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

    def _run(self) -> None:
        while self.at < len(self.text) and not self.closed and self.step(self):
            pass

    def peek(self) -> str:
        """The next character that is not blank; empty when there is none yet."""
        match = _BLANKS.match(self.text, self.at)
        assert match is not None, "the pattern matches nothing at all, too"
        self.at = at = match.end()
        return self.text[at] if at < len(self.text) else ""

    def attach(self, node: Node) -> None:
        self.stack[-1].values.append(node)
        self.changed = True

    def next_step(self) -> None:
        """What comes after a value that just ended."""
        self.step = _after_value if type(self.stack[-1]) is ObjectNode else _before_item

    def key_ends(self) -> None:
        """The open token was a key; its value may follow."""
        frame = self.stack[-1]
        assert isinstance(frame, ObjectNode)
        frame.keys.append(self.token.text())
        self._key_start = self.token.start
        self.step = _after_key

    def key_is_lost(self) -> None:
        """The open token was a bare word where a key should be, with nothing that makes it one."""
        self.token.end = self.position
        self._orphan(self.token)
        self.step = _before_key

    def drop_key(self) -> None:
        frame = self.stack[-1]
        if isinstance(frame, ObjectNode) and len(frame.keys) > len(frame.values):
            self._orphan(TextNode('"', frame.keys.pop(), done=True, start=self._key_start, end=self.position))

    def _orphan(self, node: Node) -> None:
        frame = self.stack[-1]
        assert isinstance(frame, ObjectNode)
        if frame.orphans is None:
            frame.orphans = []
        frame.orphans.append(node)

    def _leave(self) -> Container:
        """Pop the innermost frame, and let its parent know how high it is."""
        self.drop_key()
        frame = self.stack.pop()
        frame.end = self.position
        if self.stack and self.stack[-1].height <= frame.height:
            self.stack[-1].height = frame.height + 1
        return frame


def _whole_key(a: Automaton) -> bool:
    """Take a key that stands there with its colon, as nearly all do."""
    whole = _WHOLE_KEY.match(a.text, a.at)
    if not whole:
        return False
    frame = a.stack[-1]
    assert isinstance(frame, ObjectNode)
    frame.keys.append(whole[1])
    a._key_start = a.offset + whole.start(1) - 1
    a.at = whole.end()
    a.step = _before_value
    return True


def _before_key(a: Automaton) -> bool:
    if _whole_key(a):
        return True
    first = a.peek()
    if not first:
        return False
    return _AT_KEY.get(first, open_bare_key)(a)


def _after_key(a: Automaton) -> bool:
    first = a.peek()
    if not first:
        return False
    if first == ":":
        a.at += 1
        a.step = _before_value
        return True
    a.drop_key()
    a.step = _before_key
    return True


def _before_value(a: Automaton) -> bool:
    first = a.peek()
    if not first:
        return False
    return _AT_VALUE.get(first, open_bare)(a)


def _after_value(a: Automaton) -> bool:
    if _whole_key(a):
        return True
    first = a.peek()
    if not first:
        return False
    if first == ",":
        a.at += 1
        a.step = _before_key
        return True
    if first in "}]":
        return _close(a)
    if first in "/#":
        return _open_comment(a)
    a.step = _before_key
    return True


def _before_item(a: Automaton) -> bool:
    first = a.peek()
    if not first:
        return False
    return _AT_ITEM.get(first, open_bare)(a)


def _open_container(a: Automaton) -> bool:
    node = _container(a)
    if node is None:
        return False
    a.attach(node)
    a.stack.append(node)
    a.at += 1
    return True


def _open_unnamed(a: Automaton) -> bool:
    """A bracket where a key should be: a value that nothing can ask for, since it has no name."""
    node = _container(a)
    if node is None:
        return False
    a._orphan(node)
    a.stack.append(node)
    a.at += 1
    return True


def _container(a: Automaton) -> Container | None:
    if len(a.stack) >= a._max_depth:
        a.too_deep = a.closed = True
        return None
    if a.text[a.at] == "{":
        a.step = _before_key
        return ObjectNode(a.position)
    a.step = _before_item
    return ArrayNode(a.position)


def _close(a: Automaton) -> bool:
    """A closer ends the innermost frame of its kind; one that fits nothing is skipped."""
    kind = ObjectNode if a.text[a.at] == "}" else ArrayNode
    a.at += 1
    if type(a.stack[-1]) is not kind and all(type(frame) is not kind for frame in a.stack):
        return True
    while True:
        frame = a._leave()
        frame.done = True
        if type(frame) is kind:
            break
    a.changed = True
    if a.stack:
        a.next_step()
    else:
        a.closed = True
    return True


def _skip(a: Automaton) -> bool:
    a.at += 1
    return True


def _no_value(a: Automaton) -> bool:
    a.drop_key()
    a.step = _before_key
    return True


def _open_comment(a: Automaton) -> bool:
    text, at = a.text, a.at
    if text[at] == "/":
        if at + 1 == len(text) and not a.ended:
            return False
        mark = text[at : at + 2]
        if mark not in ("//", "/*"):
            return _NOT_A_COMMENT[a.step](a)
        a.at += 2
        a._comment_end = "\n" if mark == "//" else "*/"
    else:
        a._comment_end = "\n"
    a._resume = a.step
    a.step = _in_comment
    return True


def _in_comment(a: Automaton) -> bool:
    end = a.text.find(a._comment_end, a.at)
    if end < 0:
        a.at = max(a.at, len(a.text) - len(a._comment_end) + 1)
        return False
    a.at = end + len(a._comment_end)
    a.step = a._resume
    return True


_AT_KEY: dict[str, Step] = {
    "}": _close,
    "]": _close,
    ",": _skip,
    ":": _skip,
    "{": _open_unnamed,
    "[": _open_unnamed,
    '"': open_key_string,
    "'": open_key_string,
    "`": open_key_string,
    "/": _open_comment,
    "#": _open_comment,
}
_AT_VALUE: dict[str, Step] = {
    "{": _open_container,
    "[": _open_container,
    "}": _close,
    "]": _close,
    ",": _no_value,
    ":": _skip,
    '"': open_value_string,
    "'": open_value_string,
    "`": open_value_string,
    "/": _open_comment,
}
_AT_ITEM: dict[str, Step] = {
    "{": _open_container,
    "[": _open_container,
    "}": _close,
    "]": _close,
    ",": _skip,
    '"': open_item_string,
    "'": open_item_string,
    "`": open_item_string,
    "/": _open_comment,
}
_NOT_A_COMMENT: dict[Step, Step] = {
    _before_key: open_bare_key,
    _before_value: open_bare,
    _after_value: _skip,
    _before_item: open_bare,
}
