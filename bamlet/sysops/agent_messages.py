"""The messages of a history out of their JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..interpreter.runtime.media import MediaKind, MediaValue
from ..interpreter.runtime.space import ValueSpace
from ..interpreter.runtime.values import Instance
from .host import Context
from .registry import Failure, sysop

ROLES = ("system", "user", "assistant", "tool")
_MEDIA: tuple[MediaKind, ...] = ("image", "audio", "pdf", "video")


@sysop("baml.agent.messages", throws=("InvalidArgument",))
def messages(context: Context, json_: str) -> list[Instance]:
    try:
        data = json.loads(json_)
    except (ValueError, RecursionError) as failure:
        raise Failure("InvalidArgument", f"these messages are no JSON: {failure}") from None
    try:
        return [_message(context.space, one, f"[{at}]") for at, one in enumerate(_list(data, "the messages"))]
    except _NoMessage as failure:
        raise Failure("InvalidArgument", f"these are no messages: {failure}") from None


class _NoMessage(Exception):
    """What is wrong with the data, and where."""


def _message(space: ValueSpace, data: Any, at: str) -> Instance:
    fields = _object(data, at, ("role", "parts", "opaque"))
    if fields["role"] not in ROLES:
        raise _NoMessage(f"{at}.role is {' or '.join(ROLES)}, not {fields['role']!r}")
    parts = [
        _part(space, one, f"{at}.parts[{number}]")
        for number, one in enumerate(_list(fields["parts"], f"{at}.parts"))
    ]
    if not isinstance(fields["opaque"], dict):
        raise _NoMessage(f"{at}.opaque is an object")
    return space.instance("baml.agent.Message", {**fields, "parts": parts})


def _part(space: ValueSpace, data: Any, at: str) -> Any:
    """Which part it is, its fields say."""
    if isinstance(data, dict):
        if data and data.keys() <= {"url", "base64", "media_type"}:
            return _media(data, at)
        for name, (required, optional) in _FIELDS.items():
            if required.keys() <= data.keys() <= required.keys() | optional:
                for field, kinds in required.items():
                    if not isinstance(data[field], kinds):
                        raise _NoMessage(f"{at}.{field} is of another type")
                return space.instance(f"baml.agent.{name}", data)
    raise _NoMessage(f"{at} is no text, media, call or result")


_FIELDS: Mapping[str, tuple[Mapping[str, type | tuple[type, ...]], frozenset[str]]] = {
    "Text": ({"text": str}, frozenset()),
    "Call": ({"id": str, "name": str, "arguments": dict, "raw": str}, frozenset({"error"})),
    "Result": (
        {"id": str, "name": str, "content": object, "is_error": bool, "elapsed_ms": int},
        frozenset(),
    ),
}


def _media(data: Mapping[str, Any], at: str) -> MediaValue:
    """JSON has the type of media and not their kind: what has none is an image, as most are."""
    words = str(data.get("media_type") or "").split("/")
    kind = next((known for known in _MEDIA if known in words), _MEDIA[0])
    try:
        return MediaValue(kind, data.get("url"), data.get("base64"), data.get("media_type"))
    except (TypeError, ValueError) as failure:
        raise _NoMessage(f"{at}: {failure}") from None


def _object(data: Any, at: str, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) != set(names):
        raise _NoMessage(f"{at} is an object with {', '.join(names)}")
    return data


def _list(data: Any, what: str) -> list[Any]:
    if not isinstance(data, list):
        raise _NoMessage(f"{what} are a list")
    return data
