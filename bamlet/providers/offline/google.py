"""Gemini's answers, which Vertex gives, too."""

from __future__ import annotations

from typing import Any

from .said import EVENTS, Dialect, Events, Said, data_event, object_of

_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "tool_calls": "STOP"}


def _value(said: Said, parts: list[Any], finish: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = _FINISH.get(said.finish, "PROHIBITED_CONTENT")
    given, made = said.input_tokens, said.output_tokens if finish else 0
    usage = {"promptTokenCount": given, "candidatesTokenCount": made, "totalTokenCount": given + made}
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": said.model,
        "responseId": "offline",
    }


def _calls(said: Said) -> list[Any]:
    return [{"functionCall": {"name": call.name, "args": object_of(call.arguments)}} for call in said.calls]


def _events(said: Said) -> Events:
    for piece in said.pieces if said.refusal is None else (said.refusal,):
        yield len(piece), _value(said, [{"text": piece}], False)
    yield 0, _value(said, _calls(said), True)


def _whole(said: Said) -> Any:
    text = said.text if said.refusal is None else said.refusal
    return _value(said, [*([{"text": text}] if text else []), *_calls(said)], True)


def _error(status: int, kind: str, message: str) -> Any:
    names = {429: "RESOURCE_EXHAUSTED", 401: "UNAUTHENTICATED", 400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED"}
    return {"error": {"code": status, "message": message, "status": names.get(status, "INTERNAL")}}


GOOGLE = Dialect(EVENTS, _events, data_event, _whole, _error)
