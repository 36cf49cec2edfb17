"""A packed body in, chunk by chunk as it comes; the bytes that it stands for out, a bounded piece at a time.

httpx would unpack a chunk at once, a thousand times its size, and as often as a header says.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from .message import BrokenBody, ProtocolError

MAX_INFLATION = 20
"""Unpacked bytes for one byte on the wire, once a body is past `INFLATION_FREE_BYTES`."""
INFLATION_FREE_BYTES = 1 << 20
PIECE_BYTES = 1 << 18
"""What is unpacked at a time."""

_PLAIN = ("", "identity")
_GZIP = 16 + zlib.MAX_WBITS


class Unpacking(Protocol):
    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Raises `ProtocolError`."""
        ...

    def finish(self) -> None:
        """No more will come. Raises `BrokenBody` if more should have."""
        ...


def is_plain(encoding: str) -> bool:
    return encoding.strip().lower() in _PLAIN


def unpacking_for(encoding: str) -> Unpacking:
    """By the `content-encoding` of an answer. Raises `ProtocolError` for one that nobody asked for."""
    match encoding.strip().lower():
        case name if name in _PLAIN:
            return _Plain()
        case "gzip" | "x-gzip":
            return _Unpacking("gzip")
        case "deflate":
            return _Unpacking("deflate")
    # Packed twice is a bomb; the others were not asked for.
    raise ProtocolError(f"the body is packed as {encoding[:40]!r}, and only gzip or deflate can be read")


class _Plain:
    def feed(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk

    def finish(self) -> None: ...


class _Unpacking:
    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._unpack = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        self._start = b""
        self._received = 0
        self._unpacked = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        self._received += len(chunk)
        if self._unpack is None:
            self._start += chunk
            if len(self._start) < 2:
                return
            self._unpack, chunk = zlib.decompressobj(_window(self._start)), self._start
        while chunk:
            try:
                piece = self._unpack.decompress(chunk, PIECE_BYTES)
            except zlib.error as failure:
                raise ProtocolError(f"the body is not what its content-encoding says: {failure}") from failure
            self._count(piece)
            yield piece
            chunk = self._unpack.unconsumed_tail
            if self._unpack.eof and self._encoding == "gzip" and self._unpack.unused_data:
                # A file of gzip may be several in a row.
                chunk = self._unpack.unused_data
                self._unpack = zlib.decompressobj(_GZIP)

    def finish(self) -> None:
        if self._received and not (self._unpack and self._unpack.eof):
            raise BrokenBody(f"the {self._encoding} body ended before its end")

    def _count(self, piece: bytes) -> None:
        self._unpacked += len(piece)
        if self._unpacked > max(INFLATION_FREE_BYTES, MAX_INFLATION * self._received):
            raise ProtocolError(f"the {self._encoding} body unpacks to more than {MAX_INFLATION} times its size")


def _window(start: bytes) -> int:
    """Some servers leave out the header that `deflate` has by the standard."""
    has_header = start[0] & 15 == zlib.DEFLATED and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
