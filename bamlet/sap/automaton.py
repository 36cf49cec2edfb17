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

from .bare import LONG, bare_ends
from .escapes import read_escape
from .nodes import ArrayNode, Container, Node, ObjectNode, TextNode
from .policy import USUAL, Policy
from .quotes import CONTENT, ENDS, WAIT, quote_ends_item, quote_ends_key, quote_ends_value

_BLANKS = re.compile(r"\s*")
_WHOLE_KEY = re.compile(r'[\s,]*"([^"\\]*)"\s*:\s*')
# Strings that the rules of `quotes` would end at their first quote, read in one match.
_WHOLE_VALUE = re.compile(r'"([^"\\]+)"(?=\s*(?:\}|,\s*"[^"\\]{0,99}"\s*:))')
_WHOLE_ITEM = re.compile(r'"([^"\\]+)"(?=\s*[,\]])')
_STRING_RUN = {'"': re.compile(r'[^"\\]+'), "'": re.compile(r"[^']+"), "`": re.compile(r"[^`]+")}
_BARE_VALUE_RUN = re.compile(r'[^,}\n/#"]+')
_BARE_ITEM_RUN = re.compile(r"[^,\]\n/#]+")
_BARE_KEY_RUN = re.compile(r"[^:,}\n]+")

Step: TypeAlias = "Callable[[Automaton], bool]"
QuoteRule: TypeAlias = Callable[[str, int, str, bool, bool], int]


class Automaton:
    """`root` grows in place. `rest` is the text after the root's end, once `closed`.

    `suspect` tells that an inner quote may have been taken for the wrong thing.
    """

    __slots__ = (
        "_at",
        "_comment_end",
        "_ended",
        "_ends",
        "_inner",
        "_max_depth",
        "_policy",
        "_resume",
        "_size",
        "_stack",
        "_step",
        "_text",
        "_token",
        "changed",
        "closed",
        "root",
        "suspect",
        "too_deep",
    )

    def __init__(self, opener: str, max_depth: int, policy: Policy = USUAL) -> None:
        self.root: Container = ObjectNode() if opener == "{" else ArrayNode()
        self.changed = True
        self.closed = False
        self.suspect = False
        self.too_deep = False
        self._max_depth = max_depth
        self._policy = policy
        self._stack: list[Container] = [self.root]
        self._step: Step = _before_key if opener == "{" else _before_item
        self._text = ""
        self._at = 0
        self._ended = False
        self._token = TextNode("")
        self._ends: QuoteRule = quote_ends_key
        self._inner = 0
        self._size = 0
        self._comment_end = ""
        self._resume: Step = self._step

    def feed(self, text: str) -> None:
        at = self._at
        if at == len(self._text):
            # Most text of a stream is the inside of a string.
            if self._step is _in_string:
                token = self._token
                if token.parts and token.quote not in text and "\\" not in text:
                    token.parts.append(text)
                    if self._ends is not quote_ends_key:
                        self.changed = True
                    return
            self._text = text
        else:
            self._text = self._text[at:] + text
        self._at = 0
        self._run()

    def finish(self) -> None:
        """No more text will come: settle what was waiting. What is still open stays not done."""
        self._ended = True
        self._run()
        if self._step is _in_string and self._inner:
            self.suspect = True
        self._token.seal()
        while self._stack:
            self._leave()

    @property
    def in_string(self) -> bool:
        """Whether the text goes on inside a string: not at a quote that may well be its end."""
        if self._step is _in_string:
            return not self._text.startswith(self._token.quote, self._at)
        return self._step is _in_block

    @property
    def waiting(self) -> int:
        """How many characters were looked at but wait for what follows them. Bounded by a few windows."""
        return len(self._text) - self._at

    @property
    def rest(self) -> str:
        return self._text[self._at :]

    def _run(self) -> None:
        while self._at < len(self._text) and not self.closed and self._step(self):
            pass

    def peek(self) -> str:
        """The next character that is not blank; empty when there is none yet."""
        match = _BLANKS.match(self._text, self._at)
        assert match is not None, "the pattern matches nothing at all, too"
        self._at = at = match.end()
        return self._text[at] if at < len(self._text) else ""

    def attach(self, node: Node) -> None:
        self._stack[-1].values.append(node)
        self.changed = True

    def next_step(self) -> None:
        """What comes after a value that just ended."""
        self._step = _after_value if type(self._stack[-1]) is ObjectNode else _before_item

    def drop_key(self) -> None:
        frame = self._stack[-1]
        if isinstance(frame, ObjectNode) and len(frame.keys) > len(frame.values):
            frame.orphans = [*frame.orphans, frame.keys.pop()]

    def _leave(self) -> Container:
        """Pop the innermost frame, and let its parent know how high it is."""
        self.drop_key()
        frame = self._stack.pop()
        if self._stack and self._stack[-1].height <= frame.height:
            self._stack[-1].height = frame.height + 1
        return frame


def _before_key(a: Automaton) -> bool:
    frame = a._stack[-1]
    assert isinstance(frame, ObjectNode)
    whole = _WHOLE_KEY.match(a._text, a._at)
    if whole:
        frame.keys.append(whole[1])
        a._at = whole.end()
        a._step = _before_value
        return True
    first = a.peek()
    if not first:
        return False
    return _AT_KEY.get(first, _open_bare_key)(a)


def _after_key(a: Automaton) -> bool:
    first = a.peek()
    if not first:
        return False
    if first == "=":
        # `=` and `=>` are read as colons.
        if a._at + 1 == len(a._text) and not a._ended:
            return False
        a._at += 2 if a._text.startswith(">", a._at + 1) else 1
        a._step = _before_value
        return True
    if first == ":":
        a._at += 1
        a._step = _before_value
        return True
    a.drop_key()
    a._step = _before_key
    return True


def _before_value(a: Automaton) -> bool:
    first = a.peek()
    if not first:
        return False
    return _AT_VALUE.get(first, _open_bare)(a)


def _after_value(a: Automaton) -> bool:
    first = a.peek()
    if not first:
        return False
    if first == ",":
        a._at += 1
        a._step = _before_key
        return True
    if first in "}]":
        return _close(a)
    if first in "/#":
        return _open_comment(a)
    a._step = _before_key
    return True


def _before_item(a: Automaton) -> bool:
    first = a.peek()
    if not first:
        return False
    return _AT_ITEM.get(first, _open_bare)(a)


def _open_container(a: Automaton) -> bool:
    if len(a._stack) >= a._max_depth:
        a.too_deep = a.closed = True
        return False
    node: Container
    if a._text[a._at] == "{":
        node, a._step = ObjectNode(), _before_key
    else:
        node, a._step = ArrayNode(), _before_item
    a.attach(node)
    a._stack.append(node)
    a._at += 1
    return True


def _close(a: Automaton) -> bool:
    """A closer ends the innermost frame of its kind; one that fits nothing is skipped."""
    kind = ObjectNode if a._text[a._at] == "}" else ArrayNode
    a._at += 1
    if all(type(frame) is not kind for frame in a._stack):
        return True
    while True:
        frame = a._leave()
        frame.done = True
        if type(frame) is kind:
            break
    a.changed = True
    if a._stack:
        a.next_step()
    else:
        a.closed = True
    return True


def _skip(a: Automaton) -> bool:
    a._at += 1
    return True


def _no_value(a: Automaton) -> bool:
    a.drop_key()
    a._step = _before_key
    return True


def _open_key_string(a: Automaton) -> bool:
    return _open_string_with(a, quote_ends_key)


def _open_value_string(a: Automaton) -> bool:
    return _whole_string(a, _WHOLE_VALUE) or _open_string_with(a, quote_ends_value)


def _open_item_string(a: Automaton) -> bool:
    return _whole_string(a, _WHOLE_ITEM) or _open_string_with(a, quote_ends_item)


def _whole_string(a: Automaton, pattern: re.Pattern[str]) -> bool:
    whole = pattern.match(a._text, a._at)
    if not whole:
        return False
    a.attach(TextNode('"', whole[1], done=True))
    a._at = whole.end()
    a.next_step()
    return True


def _open_string_with(a: Automaton, ends: QuoteRule) -> bool:
    a._token = TextNode(a._text[a._at])
    a._ends = ends
    a._inner = 0
    if ends is not quote_ends_key:
        a.attach(a._token)
    a._at += 1
    a._step = _in_string
    return True


def _in_string(a: Automaton) -> bool:
    text, token, at = a._text, a._token, a._at
    run = _STRING_RUN[token.quote].match(text, at)
    if run:
        token.parts.append(run[0])
        if a._ends is not quote_ends_key:
            a.changed = True
        a._at = at = run.end()
        if at == len(text):
            return False
    if text[at] == "\\":
        return _escape(a)
    if not token.parts and token.quote != "'" and a._ends is not quote_ends_key:
        # Two quotes: an empty string, or the start of a block.
        if at + 1 == len(text) and not a._ended:
            return False
        if text.startswith(token.quote, at + 1):
            token.quote *= 3
            a._at = at + 2
            a._step = _in_block
            return True
    odd = token.quote == '"' and a._inner % 2 == 1
    verdict = a._ends(text, at, token.quote, odd and a._policy.odd_commas, a._ended)
    if verdict == WAIT:
        return False
    if odd and verdict == ENDS:
        a.suspect = True
        if a._policy.odd_brackets and text[at + 1 : at + 2] in ("}", "]"):
            verdict = CONTENT
    a._at = at + 1
    if verdict == CONTENT:
        token.parts.append(token.quote)
        a._inner += 1
        a.changed = True
    else:
        _end_token(a)
    return True


def _escape(a: Automaton) -> bool:
    meaning, end = read_escape(a._text, a._at, a._ended)
    if end == a._at:
        return False
    a._at = end
    a._token.parts.append(meaning)
    a.changed = True
    return True


def _end_token(a: Automaton) -> None:
    a._token.done = True
    if a._ends is quote_ends_key:
        frame = a._stack[-1]
        assert isinstance(frame, ObjectNode)
        frame.keys.append(a._token.text())
        a._step = _after_key
    else:
        a.changed = True
        a.next_step()


def _in_block(a: Automaton) -> bool:
    token = a._token
    end = a._text.find(token.quote, a._at)
    if end < 0:
        # The closing mark may be cut in two.
        keep = len(a._text) if a._ended else max(a._at, len(a._text) - 2)
        token.parts.append(a._text[a._at : keep])
        a._at = keep
        a.changed = True
        return False
    token.parts.append(a._text[a._at : end])
    a._at = end + 3
    _end_token(a)
    return True


def _open_bare(a: Automaton) -> bool:
    a._token = TextNode("")
    a._size = a._inner = 0
    a.attach(a._token)
    a._step = _in_bare
    return True


def _in_bare(a: Automaton) -> bool:
    text, token, at = a._text, a._token, a._at
    in_list = type(a._stack[-1]) is ArrayNode
    run = (_BARE_ITEM_RUN if in_list else _BARE_VALUE_RUN).match(text, at)
    if run:
        token.parts.append(run[0])
        a._size += run.end() - at
        a.changed = True
        a._at = at = run.end()
        if at == len(text):
            return False
    # Joining a long run at each comma would not be linear.
    word = token.text() if a._size <= LONG else ""
    # What opened the value is part of it: nothing else would take it.
    verdict = CONTENT
    if a._size:
        last = token.parts[-1][-1]
        verdict = bare_ends(word, last, text, at, in_list=in_list, ended=a._ended)
    if verdict == WAIT:
        return False
    if verdict == CONTENT:
        token.parts.append(text[at])
        a._size += 1
        a._at = at + 1
        a.changed = True
    else:
        token.done = a.changed = True
        a.next_step()
    return True


def _open_bare_key(a: Automaton) -> bool:
    a._token = TextNode("")
    a._step = _in_bare_key
    return True


def _in_bare_key(a: Automaton) -> bool:
    run = _BARE_KEY_RUN.match(a._text, a._at)
    if run:
        a._token.parts.append(run[0])
        a._at = run.end()
        return True
    if a._text[a._at] == ":":
        frame = a._stack[-1]
        assert isinstance(frame, ObjectNode)
        frame.keys.append(a._token.text())
        a._step = _after_key
    else:
        a._step = _before_key
    return True


def _open_comment(a: Automaton) -> bool:
    text, at = a._text, a._at
    if text[at] == "/":
        if at + 1 == len(text) and not a._ended:
            return False
        mark = text[at : at + 2]
        if mark not in ("//", "/*"):
            return _NOT_A_COMMENT[a._step](a)
        a._at += 2
        a._comment_end = "\n" if mark == "//" else "*/"
    else:
        a._comment_end = "\n"
    a._resume = a._step
    a._step = _in_comment
    return True


def _in_comment(a: Automaton) -> bool:
    end = a._text.find(a._comment_end, a._at)
    if end < 0:
        a._at = max(a._at, len(a._text) - len(a._comment_end) + 1)
        return False
    a._at = end + len(a._comment_end)
    a._step = a._resume
    return True


_AT_KEY: dict[str, Step] = {
    "}": _close,
    "]": _close,
    ",": _skip,
    ":": _skip,
    "{": _skip,
    "[": _skip,
    '"': _open_key_string,
    "'": _open_key_string,
    "`": _open_key_string,
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
    '"': _open_value_string,
    "'": _open_value_string,
    "`": _open_value_string,
    "/": _open_comment,
}
_AT_ITEM: dict[str, Step] = {
    "{": _open_container,
    "[": _open_container,
    "}": _close,
    "]": _close,
    ",": _skip,
    '"': _open_item_string,
    "'": _open_item_string,
    "`": _open_item_string,
    "/": _open_comment,
}
_NOT_A_COMMENT: dict[Step, Step] = {
    _before_key: _open_bare_key,
    _before_value: _open_bare,
    _after_value: _skip,
    _before_item: _open_bare,
}
