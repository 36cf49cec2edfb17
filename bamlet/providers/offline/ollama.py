"""Ollama's own chat, a line an event."""

from __future__ import annotations

from typing import Any

from .said import LINES, Dialect, Events, Said, line, object_of

_NEVER_CREATED = "1970-01-01T00:00:00Z"


def _message(said: Said, message: dict[str, Any], done: bool) -> dict[str, Any]:
    value = {"model": said.model, "created_at": _NEVER_CREATED, "message": message, "done": done}
    if done:
        value |= {
            "done_reason": "length" if said.finish == "length" else "stop",
            "prompt_eval_count": said.input_tokens,
            "eval_count": said.output_tokens,
        }
    return value


def _calls(said: Said) -> dict[str, Any]:
    calls = [{"function": {"name": call.name, "arguments": object_of(call.arguments)}} for call in said.calls]
    return {"tool_calls": calls} if calls else {}


def _events(said: Said) -> Events:
    for piece in said.pieces if said.refusal is None else (said.refusal,):
        yield len(piece), _message(said, {"role": "assistant", "content": piece}, False)
    yield 0, _message(said, {"role": "assistant", "content": "", **_calls(said)}, True)


def _whole(said: Said) -> Any:
    text = said.text if said.refusal is None else said.refusal
    return _message(said, {"role": "assistant", "content": text, **_calls(said)}, True)


def _error(status: int, kind: str, message: str) -> Any:
    return {"error": message}


OLLAMA = Dialect(LINES, _events, line, _whole, _error)
