"""The messages of a history as the parts of a prompt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..interpreter.runtime.media import MediaValue
from ..prompt import Media, Message, Part, Text, ToolResult, ToolUse, Unread

compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def as_messages(messages: Iterable[Any]) -> Iterator[Message]:
    """Those without parts say nothing, and providers refuse them."""
    return filter(lambda message: message.parts, map(as_message, messages))


def as_message(message: Any) -> Message:
    return Message(message.role, tuple(_parts(message)))


def _parts(message: Any) -> Iterator[Part]:
    """What is unread comes first, in its order; a signature stands before the call that it signs."""
    signed = message.opaque.get("google") or {}
    for dialect, values in message.opaque.items():
        if isinstance(values, list):
            yield from (Unread(dialect, value) for value in values)
    for part in message.parts:
        if isinstance(part, MediaValue):
            yield Media(part.kind, part.url, part.base64, part.media_type)
            continue
        name = part.__class_name__.rpartition(".")[2]
        if name == "Call" and (signature := signed.get(part.id)) is not None:
            yield Unread("google", {"thoughtSignature": signature})
        yield _PARTS[name](part)


def _result(part: Any) -> ToolResult:
    content = part.content
    text = content if isinstance(content, str) else compact_json(content)
    return ToolResult(part.id, part.name, text, part.is_error)


_PARTS: Mapping[str, Callable[[Any], Part]] = {
    "Text": lambda part: Text(part.text),
    "Call": lambda part: ToolUse(part.id, part.name, part.raw),
    "Result": _result,
}
