"""Bytes: the methods of `uint8array`, whose values are Python's own."""

from __future__ import annotations

from .host import Context
from .registry import sysop


@sysop("uint8array.length")
def length(context: Context, data: bytes) -> int:
    return len(data)


@sysop("uint8array.at")
def at(context: Context, data: bytes, place: int) -> int | None:
    return data[place] if -len(data) <= place < len(data) else None


@sysop("uint8array.slice")
def slice_(context: Context, data: bytes, start: int, end: int) -> bytes:
    return data[start:end]


@sysop("uint8array.concat")
def concat(context: Context, data: bytes, other: bytes) -> bytes:
    return data + other


@sysop("uint8array.index_of")
def index_of(context: Context, data: bytes, other: bytes) -> int | None:
    place = data.find(other)
    return None if place < 0 else place


@sysop("uint8array.to_string")
def to_string(context: Context, data: bytes) -> str:
    return data.decode("utf-8", "replace")
