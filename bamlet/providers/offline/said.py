"""What a model has said, and the forms in which servers write an event of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from ...records import dataclass, field
from ...wire.eventstream import encode_frame
from ..completion import ToolCall

Finish: TypeAlias = Literal["stop", "length", "content_filter", "tool_calls", "refusal"]
Headers: TypeAlias = tuple[tuple[str, str], ...]

JSON: Headers = (("content-type", "application/json"),)
EVENTS: Headers = (("content-type", "text/event-stream"),)
LINES: Headers = (("content-type", "application/x-ndjson"),)
FRAMES: Headers = (("content-type", "application/vnd.amazon.eventstream"),)
HTML: Headers = (("content-type", "text/html"),)

CHARACTERS_OF_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Said:
    """What a model has said: `pieces` are its text as it streams it. Usage counts a token for four characters."""

    pieces: tuple[str, ...] = ()
    finish: Finish = "stop"
    refusal: str | None = None
    calls: tuple[ToolCall, ...] = ()
    model: str = "offline"
    asked: int = 0  # characters of the prompt

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def input_tokens(self) -> int:
        return -(-self.asked // CHARACTERS_OF_A_TOKEN)

    @property
    def output_tokens(self) -> int:
        size = len(self.text) + len(self.refusal or "") + sum(len(call.arguments) for call in self.calls)
        return -(-size // CHARACTERS_OF_A_TOKEN)


@dataclass(frozen=True, slots=True)
class Framed:
    """An answer as bytes: a part an event, or the whole body as one."""

    headers: Headers
    parts: tuple[bytes, ...]
    status: int = 200
    # How many characters of the text have been said when each part is over.
    said: tuple[int, ...] = field(default=())


# Each event with how many characters of the text it says.
Events: TypeAlias = Iterator[tuple[int, Any]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How its servers answer: the events of a stream and how one is framed, a whole body, and an error."""

    headers: Headers
    events: Callable[[Said], Events]
    frame: Callable[[Any], bytes]
    whole: Callable[[Said], Any]
    error: Callable[[int, str, str], Any]


def data_event(value: Any) -> bytes:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def named_event(value: Mapping[str, Any]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def event_frame(event: tuple[str, Any]) -> bytes:
    name, value = event
    headers = {":message-type": "event", ":event-type": name, ":content-type": "application/json"}
    return encode_frame(headers, json.dumps(value, ensure_ascii=False).encode())


def object_of(text: str) -> Any:
    """Arguments of a call for dialects that send them as data and not as text."""
    try:
        return json.loads(text)
    except ValueError:
        return {"": text}
