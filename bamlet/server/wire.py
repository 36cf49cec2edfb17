"""Events as text: one of `text/event-stream`, one line of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from ..embed import to_plain

HEARTBEAT = ": hb\n\n"
RETRY = "retry: 1000\n"

# Made once: `json.dumps` makes one for each value that is not written in its own way.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def compact(value: Any) -> str:
    """As JSON without blanks. Numbers that JSON does not have are null, as JavaScript writes them."""
    try:
        return _encode(value)
    except ValueError:
        return _encode(_finite(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def plain(value: Any) -> str:
    """A value of the program as JSON."""
    return compact(to_plain(value))


def sse(data: str, *, event: str | None = None, seq: int | None = None) -> str:
    """JSON has no line ends outside of its escapes, so it is one line."""
    return f"{sse_head(event, seq)}{data}\n\n"


def sse_head(event: str | None, seq: int | None) -> str:
    """What comes before the data of an event; two line ends come behind it."""
    number = f"id: {seq}\n" if seq is not None else ""
    return f"{number}event: {event}\ndata: " if event is not None else f"{number}data: "


def json_line_head(event: str, seq: int | None) -> str:
    """The beginning of an object, to which the fields of the event are added."""
    return f'{{"id":{seq},"event":"{event}"' if seq is not None else f'{{"event":"{event}"'


def portions(pieces: Iterable[str], most: int) -> Iterator[bytes]:
    """Texts one behind the other, so many characters at once. A piece is asked for when it is to be written, and
    a long one is not copied as a whole: who stops in the middle of it holds one portion, and what others hold."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        begin = 0
        while size + len(piece) - begin > most:
            end = begin + most - size
            held.append(piece[begin:end])
            begin, size = end, 0
            together, held = "".join(held).encode(), []
            yield together
        held.append(piece[begin:] if begin else piece)
        size += len(piece) - begin
    if size:
        yield "".join(held).encode()
