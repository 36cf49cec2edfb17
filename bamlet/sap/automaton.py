"""One bracketed value of model text, read as it arrives: characters in, a growing tree of nodes out.

The grammar is JSON as models write it: missing or doubled commas, bare words, four kinds of quotes,
comments, inner quotes, wrong closers. Types never change how characters are read. The stack is explicit,
each step consumes text or waits for more, and what is waited for lies within a bounded window.

    before_key -> (in_string | in_bare_key) -> after_key -> before_value -> value -> after_value -> ...
    before_item -> item -> before_item -> ...
"""

from __future__ import annotations

from ..patterns import pattern
from .nodes import ArrayNode, Container, ObjectNode
from .open_value import Between, OpenValue, Step
from .policy import USUAL, Policy
from .quotes import quote_ends_key
from .tokens import (
    in_block,
    in_string,
    open_bare,
    open_bare_key,
    open_item_string,
    open_key_string,
    open_value_string,
)

_WHOLE_KEY = pattern(r'[\s,]*"([^"\\]*)"\s*:\s*')


class Automaton(OpenValue):
    """Fed with text as it comes, from the character after the opening bracket."""

    __slots__ = ()

    def __init__(self, opener: str, max_depth: int, policy: Policy = USUAL, start: int = 0) -> None:
        root = ObjectNode(start) if opener == "{" else ArrayNode(start)
        super().__init__(root, _BETWEEN, max_depth, policy)

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
        if self.step is _after_key:
            self.key_is_lost()
        self.token.seal()
        while self.stack:
            self.leave()

    @property
    def in_string(self) -> bool:
        """Whether the text goes on inside a string: not at a quote that may well be its end."""
        if self.step is in_string:
            return not self.text.startswith(self.token.quote, self.at)
        return self.step is in_block

    def _run(self) -> None:
        while self.at < len(self.text) and not self.closed and self.step(self):
            pass


def _whole_key(a: OpenValue) -> bool:
    """Take a key that stands there with its colon, as nearly all do."""
    whole = _WHOLE_KEY.match(a.text, a.at)
    if not whole:
        return False
    a.key_start = a.offset + whole.start(1) - 1
    a.at = whole.end()
    a.take_key(whole[1])
    a.step = _before_value
    return True


def _before_key(a: OpenValue) -> bool:
    if _whole_key(a):
        return True
    first = a.peek()
    if not first:
        return False
    return _AT_KEY.get(first, open_bare_key)(a)


def _after_key(a: OpenValue) -> bool:
    first = a.peek()
    if not first:
        return False
    if first == ":":
        a.at += 1
        if a.token.torn:
            a.orphan(a.token)
        a.take_key(a.token.text())
        a.step = _before_value
        return True
    a.key_is_lost()
    return True


def _before_value(a: OpenValue) -> bool:
    first = a.peek()
    if not first:
        return False
    return _AT_VALUE.get(first, open_bare)(a)


def _after_value(a: OpenValue) -> bool:
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


def _before_item(a: OpenValue) -> bool:
    first = a.peek()
    if not first:
        return False
    return _AT_ITEM.get(first, open_bare)(a)


def _open_container(a: OpenValue) -> bool:
    node = _container(a)
    if node is None:
        return False
    a.attach(node)
    a.stack.append(node)
    a.at += 1
    return True


def _open_unnamed(a: OpenValue) -> bool:
    """A bracket where a key should be: a value that nothing can ask for, since it has no name."""
    node = _container(a)
    if node is None:
        return False
    a.orphan(node)
    a.stack.append(node)
    a.at += 1
    return True


def _container(a: OpenValue) -> Container | None:
    if len(a.stack) >= a.max_depth:
        a.too_deep = a.closed = True
        return None
    if a.text[a.at] == "{":
        a.step = _before_key
        return ObjectNode(a.position)
    a.step = _before_item
    return ArrayNode(a.position)


def _close(a: OpenValue) -> bool:
    """A closer ends the innermost frame of its kind; one that fits nothing is skipped."""
    kind = ObjectNode if a.text[a.at] == "}" else ArrayNode
    a.at += 1
    if type(a.stack[-1]) is not kind and all(type(frame) is not kind for frame in a.stack):
        return True
    while True:
        frame = a.leave()
        frame.done = True
        if type(frame) is kind:
            break
    a.changed = True
    if a.stack:
        a.next_step()
    else:
        a.closed = True
    return True


def _skip(a: OpenValue) -> bool:
    a.at += 1
    return True


def _no_value(a: OpenValue) -> bool:
    a.drop_key()
    a.step = _before_key
    return True


def _open_comment(a: OpenValue) -> bool:
    text, at = a.text, a.at
    if text[at] == "/":
        if at + 1 == len(text) and not a.ended:
            return False
        mark = text[at : at + 2]
        if mark not in ("//", "/*"):
            return _NOT_A_COMMENT[a.step](a)
        a.at += 2
        a.comment_end = "\n" if mark == "//" else "*/"
    else:
        a.comment_end = "\n"
    a.resume = a.step
    a.step = _in_comment
    return True


def _in_comment(a: OpenValue) -> bool:
    end = a.text.find(a.comment_end, a.at)
    if end < 0:
        a.at = max(a.at, len(a.text) - len(a.comment_end) + 1)
        return False
    a.at = end + len(a.comment_end)
    a.step = a.resume
    return True


_BETWEEN = Between(_before_key, _after_key, _after_value, _before_item)
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
