"""AWS event streams: chunks of bytes in, the events of their frames out.

A frame is length, length of its headers, checksum of these two, headers, payload, checksum of all. An event has
the name of its type and the payload for data; an exception or error is named `exception:TYPE` or `error:CODE`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import TypeAlias
from zlib import crc32

from .message import ProtocolError
from .sse import Event

HeaderValue: TypeAlias = "str | bytes | int | bool"

MAX_HEADER_BYTES = 128 << 10
MAX_PAYLOAD_BYTES = 24 << 20
EXCEPTION = "exception:"
ERROR = "error:"

_PRELUDE = struct.Struct(">III")
_CHECKSUM = struct.Struct(">I")
_LENGTH = struct.Struct(">H")
_NUMBERS = {2: struct.Struct(">b"), 3: struct.Struct(">h"), 4: struct.Struct(">i"), 5: struct.Struct(">q")}
_NUMBERS[8] = _NUMBERS[5]  # a time, in milliseconds
_BYTES, _TEXT, _UUID = 6, 7, 9


class FrameDecoder:
    """Feed it chunks of any size. What came before a damaged frame is handed out first; the call after that, and
    every later one, raises `ProtocolError`."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._failure: ProtocolError | None = None

    def feed(self, chunk: bytes) -> list[Event]:
        self._check()
        self._buffer += chunk
        events: list[Event] = []
        try:
            for headers, payload in self._frames():
                events.append(_event(headers, payload))
        except ProtocolError as failure:
            self._failure = failure
            if not events:
                raise
        return events

    def finish(self) -> Event | None:
        """A frame that was cut off is no event."""
        self._check()
        return None

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _frames(self) -> Iterator[tuple[Mapping[str, HeaderValue], bytes]]:
        start = 0
        try:
            while len(self._buffer) - start >= _PRELUDE.size:
                size, header_size = _read_prelude(self._buffer, start)
                if len(self._buffer) - start < size:
                    break
                frame = bytes(self._buffer[start : start + size])
                start += size
                yield _read_frame(frame, header_size)
        finally:
            del self._buffer[:start]


def _read_prelude(buffer: bytearray, start: int) -> tuple[int, int]:
    size, header_size, checksum = _PRELUDE.unpack_from(buffer, start)
    if crc32(buffer[start : start + 8]) != checksum:
        raise ProtocolError("prelude CRC mismatch")
    if header_size > MAX_HEADER_BYTES:
        raise ProtocolError(f"the headers of a frame are longer than {MAX_HEADER_BYTES >> 10} KiB")
    payload_size = size - header_size - _PRELUDE.size - _CHECKSUM.size
    if not 0 <= payload_size <= MAX_PAYLOAD_BYTES:
        raise ProtocolError(f"the payload of a frame is not between 0 and {MAX_PAYLOAD_BYTES >> 20} MiB")
    return size, header_size


def _read_frame(frame: bytes, header_size: int) -> tuple[Mapping[str, HeaderValue], bytes]:
    body, (checksum,) = frame[: -_CHECKSUM.size], _CHECKSUM.unpack(frame[-_CHECKSUM.size :])
    if crc32(body) != checksum:
        raise ProtocolError("message CRC mismatch")
    headers_end = _PRELUDE.size + header_size
    try:
        headers = dict(_headers(body[_PRELUDE.size : headers_end]))
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ProtocolError("the headers of a frame cannot be read") from error
    return headers, body[headers_end:]


def _headers(data: bytes) -> Iterator[tuple[str, HeaderValue]]:
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        name, kind = data[at + 1 : name_end].decode(), data[name_end]
        value, at = _value(data, name_end + 1, kind)
        yield name, value


def _value(data: bytes, at: int, kind: int) -> tuple[HeaderValue, int]:
    """The value that starts there, and where it ends."""
    if kind in (0, 1):
        return kind == 0, at
    if kind in _NUMBERS:
        number = _NUMBERS[kind]
        return int(number.unpack_from(data, at)[0]), at + number.size
    if kind in (_BYTES, _TEXT):
        size = _LENGTH.unpack_from(data, at)[0]
        start, end = at + _LENGTH.size, at + _LENGTH.size + size
    elif kind == _UUID:
        start, end = at, at + 16
    else:
        raise ProtocolError(f"a header of a frame is of the unknown type {kind}")
    if end > len(data):
        raise IndexError(end)
    return (data[start:end].decode() if kind == _TEXT else data[start:end]), end


def _event(headers: Mapping[str, HeaderValue], payload: bytes) -> Event:
    match headers.get(":message-type"):
        case "exception":
            name = EXCEPTION + str(headers.get(":exception-type", ""))
        case "error":
            # Such a frame says in its headers what others say in their payload.
            name = ERROR + str(headers.get(":error-code", ""))
            return Event(name, json.dumps({"message": str(headers.get(":error-message", ""))}))
        case _:
            name = str(headers.get(":event-type", "message"))
    return Event(name, payload.decode("utf-8", "replace"))


def encode_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A frame that the decoder reads; all its headers are texts."""
    head = b"".join(
        bytes((len(name.encode()),))
        + name.encode()
        + bytes((_TEXT,))
        + _LENGTH.pack(len(value.encode()))
        + value.encode()
        for name, value in headers.items()
    )
    sizes = struct.pack(">II", _PRELUDE.size + len(head) + len(payload) + _CHECKSUM.size, len(head))
    body = sizes + _CHECKSUM.pack(crc32(sizes)) + head + payload
    return body + _CHECKSUM.pack(crc32(body))
