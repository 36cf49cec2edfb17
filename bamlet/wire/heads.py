"""Heads of answers: the bytes of a connection in, the final head out; and what no head may say, whoever read it.

It is stricter than any parser behind it, so that what one of them would make something of never reaches it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from .message import ProtocolError

MAX_HEAD_BYTES = 64 * 1024
MAX_HEAD_FIELDS = 128

Fields: TypeAlias = Sequence[tuple[bytes, bytes]]

FRAMING = (b"content-length", b"transfer-encoding")
_TOLD = (*FRAMING, b"connection")

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NAME = re.compile(_TOKEN)
_TEXT = rb"[\t\x20-\x7e\x80-\xff]*"
_HEAD = re.compile(
    rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: %b)?\r\n((?:%b:%b\r\n)*)\r\n" % (_TEXT, _TOKEN, _TEXT), re.DOTALL
)
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
    fields: list[tuple[bytes, bytes]]

    @property
    def is_framed(self) -> bool:
        """Whether it says where the body ends; if not, that is where the connection does."""
        return any(name.lower() in FRAMING for name, _ in self.fields)

    def of_framing(self) -> Head:
        """What tells where the answer ends, and whether the connection serves again: all that a parser sees."""
        return self._replace(fields=[field for field in self.fields if field[0].lower() in _TOLD])

    def to_bytes(self) -> bytes:
        lines = [b"%b: %b\r\n" % field for field in self.fields]
        return b"HTTP/%b %d -\r\n%b\r\n" % (self.version.encode(), self.status, b"".join(lines))


class HeadReader:
    """Feed it what comes until it gives the final head. Those before it only inform, and are read over."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head, and what came behind it. Raises `Unreadable`."""
        looked_at = max(0, len(self._held) - 3)
        if self._held:
            self._held += data
            data = bytes(self._held)
        while (end := _end_of_head(data, looked_at)) > 0:
            head, data, looked_at = _read_head(data[:end]), data[end:], 0
            if head.status >= _FINAL:
                self._held.clear()
                return head, data
        if not data.startswith(_START[: len(data)]):
            raise Unreadable("it does not begin with HTTP/1")
        _check_size(len(data))
        self._held[:] = data
        return None


def _end_of_head(data: bytes, start: int) -> int:
    blank = _BLANK_LINE.search(data, start)
    return blank.end() if blank else 0


def _read_head(data: bytes) -> Head:
    _check_size(len(data))
    found = _HEAD.fullmatch(data)
    if found is None:
        raise Unreadable("a line of its head is malformed")
    version, status, lines = found.groups()
    if int(status) == _SWITCHING:
        raise Unreadable("it changes to another protocol")
    fields = []
    for line in lines.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        fields.append((name, value.strip(b" \t")))
    return Head(int(status), version.decode("ascii"), fields)


def _check_size(size: int) -> None:
    if size > MAX_HEAD_BYTES:
        raise Unreadable(f"its head is longer than {MAX_HEAD_BYTES} bytes")


def check_fields(fields: Fields) -> None:
    """Raises `ProtocolError`."""
    for name, value in fields:
        # Parsers differ in what they take for these two, and so in where the answer ends.
        if not _NAME.fullmatch(name) or (name.lower() == b"transfer-encoding" and value.lower() != b"chunked"):
            raise ProtocolError("the head of the answer holds a field that is not HTTP")
    if len(fields) > MAX_HEAD_FIELDS:
        raise ProtocolError(f"the head of the answer has more than {MAX_HEAD_FIELDS} fields")
    framing = [value.strip().lower() for name, value in fields if name.lower() in FRAMING]
    if len(framing) > 1 or (framing and b"," in framing[0]):
        # Two readers of such an answer may disagree about where it ends, and so about whose the next one is.
        raise ProtocolError("the head of the answer says in more than one way how long the body is")
    if framing and (not framing[0].isdigit() or len(framing[0]) > LONGEST_LENGTH) and framing[0] != b"chunked":
        raise ProtocolError("the head of the answer says that the body is as long as no body is")
    if sum(len(name) + len(value) + 4 for name, value in fields) > MAX_HEAD_BYTES:
        raise ProtocolError(f"the head of the answer is longer than {MAX_HEAD_BYTES} bytes")
