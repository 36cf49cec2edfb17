"""Heads of answers: the bytes of a connection in, the final head out; and what no head may say, whoever read it.

It is stricter than any parser behind it, so that what one of them would make something of never reaches it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from .message import ProtocolError

MAX_HEAD_BYTES = 64 * 1024
MAX_HEAD_FIELDS = 128

Fields: TypeAlias = Sequence[tuple[str, str]]
"""The names in lower case; a byte is a character, as latin-1 has it."""

FRAMING = frozenset({"content-length", "transfer-encoding"})
_TOLD = FRAMING | {"connection"}

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NAME = re.compile(_TOKEN)
_TEXT = r"[\t\x20-\x7e\x80-\xff]*"
# Possessive: no character can stand for two things, so nothing is gained by giving back what was read.
_HEAD = re.compile(rf"HTTP/(1\.[01]) ([1-9][0-9]{{2}})(?: {_TEXT}+)?\r\n((?:{_TOKEN}+:{_TEXT}+\r\n)*+)\r\n")
# Where any reader would see its end. A line that ends without a CR is refused, and must not be waited for.
_BLANK_LINE = re.compile(rb"\n\r?\n")
_START = b"HTTP/1."
LONGEST_LENGTH = 18
"""Digits of it."""
_SWITCHING = 101
_FINAL = 200


class Unreadable(Exception):
    """What came is not HTTP. Says why without the bytes that came."""


class Head(NamedTuple):
    status: int
    version: str
    fields: Fields

    @property
    def is_framed(self) -> bool:
        """Whether it says where the body ends; if not, that is where the connection does."""
        return any(name in FRAMING for name, _ in self.fields)

    def of_framing(self) -> Head:
        """What tells where the answer ends, and whether the connection serves again: all that a parser sees."""
        return Head(self.status, self.version, [field for field in self.fields if field[0] in _TOLD])

    def to_bytes(self) -> bytes:
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.fields])
        return f"HTTP/{self.version} {self.status} -\r\n{lines}\r\n".encode("latin-1")


class HeadReader:
    """Feed it what comes until it gives the final head. Those before it only inform, and are read over."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head, and what came behind it. Raises `Unreadable`."""
        looked_at = max(0, len(self._held) - 3)
        if self._held:
            data = self._held + data
        while (blank := _BLANK_LINE.search(data, looked_at)) is not None:
            end = blank.end()
            head, data, looked_at = _read_head(data[:end]), data[end:], 0
            if head.status >= _FINAL:
                self._held = b""
                return head, data
        if not data.startswith(_START[: len(data)]):
            raise Unreadable("it does not begin with HTTP/1")
        _check_size(len(data))
        self._held = data
        return None


def _read_head(data: bytes) -> Head:
    _check_size(len(data))
    found = _HEAD.fullmatch(data.decode("latin-1"))
    if found is None:
        raise Unreadable("a line of its head is malformed")
    version, status, lines = found.groups()
    if int(status) == _SWITCHING:
        raise Unreadable("it changes to another protocol")
    fields = []
    for line in lines.split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        # The same few names come with every answer, and streams keep theirs.
        fields.append((sys.intern(name.lower()), value.strip(" \t")))
    return Head(int(status), version, fields)


def _check_size(size: int) -> None:
    if size > MAX_HEAD_BYTES:
        raise Unreadable(f"its head is longer than {MAX_HEAD_BYTES} bytes")


def check_fields(fields: Fields) -> None:
    """What no reader of heads looks at, ours included. Raises `ProtocolError`."""
    if len(fields) > MAX_HEAD_FIELDS:
        raise ProtocolError(f"the head of the answer has more than {MAX_HEAD_FIELDS} fields")
    framing = [field for field in fields if field[0] in FRAMING]
    if not framing:
        return
    # Parsers differ in what they take for a coding, and so in where the answer ends.
    for name, value in framing:
        if name == "transfer-encoding" and value.lower() != "chunked":
            raise ProtocolError("the head of the answer holds a field that is not HTTP")
    name, value = framing[0]
    value = value.strip(" \t")
    if len(framing) > 1 or "," in value:
        # Two readers of such an answer may disagree about where it ends, and so about whose the next one is.
        raise ProtocolError("the head of the answer says in more than one way how long the body is")
    if name == "content-length" and not (value.isascii() and value.isdigit() and len(value) <= LONGEST_LENGTH):
        raise ProtocolError("the head of the answer says that the body is as long as no body is")


def check_foreign(fields: Fields) -> None:
    """The same of a head that another one has read, who lets through what ours would not."""
    if not all(_NAME.fullmatch(name) for name, _ in fields):
        raise ProtocolError("the head of the answer holds a field that is not HTTP")
    check_fields(fields)
    if sum(len(name) + len(value) + 4 for name, value in fields) > MAX_HEAD_BYTES:
        raise ProtocolError(f"the head of the answer is longer than {MAX_HEAD_BYTES} bytes")
