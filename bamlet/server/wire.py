"""Events as text: one of `text/event-stream`, one line of JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from ..embed import to_plain

HEARTBEAT = ": hb\n\n"
RETRY = "retry: 1000\n"


def compact(value: Any) -> str:
    """As JSON without blanks. Numbers that JSON does not have are null, as JavaScript writes them."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))


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
    number = f"id: {seq}\n" if seq is not None else ""
    kind = f"event: {event}\n" if event is not None else ""
    return f"{number}{kind}data: {data}\n\n"


def json_line(data: str, *, event: str, seq: int | None) -> str:
    """The fields of the event beside its number and kind. `data` is a JSON object."""
    number = f'"id":{seq},' if seq is not None else ""
    fields = data[1:] if data == "{}" else f",{data[1:]}"
    return f'{{{number}"event":"{event}"{fields}\n'
