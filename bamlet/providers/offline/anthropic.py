"""Anthropic's messages."""

from __future__ import annotations

from typing import Any

from .said import EVENTS, Dialect, Events, Said, named_event, object_of

_FINISH = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "refusal",
    "tool_calls": "tool_use",
}


def _message(said: Said) -> dict[str, Any]:
    return {
        "id": "msg_offline",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": said.input_tokens, "output_tokens": 1},
    }


def _events(said: Said) -> Events:
    yield 0, {"type": "message_start", "message": _message(said)}
    index = 0
    text = said.pieces if said.refusal is None else (said.refusal,)
    if text:
        yield 0, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        yield 0, {"type": "ping"}
        for piece in text:
            delta = {"type": "text_delta", "text": piece}
            yield len(piece), {"type": "content_block_delta", "index": 0, "delta": delta}
        yield 0, {"type": "content_block_stop", "index": 0}
        index = 1
    for at, call in enumerate(said.calls, index):
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        yield 0, {"type": "content_block_start", "index": at, "content_block": block}
        delta = {"type": "input_json_delta", "partial_json": call.arguments}
        yield 0, {"type": "content_block_delta", "index": at, "delta": delta}
        yield 0, {"type": "content_block_stop", "index": at}
    reason = {"stop_reason": _FINISH.get(said.finish, said.finish), "stop_sequence": None}
    yield 0, {"type": "message_delta", "delta": reason, "usage": {"output_tokens": said.output_tokens}}
    yield 0, {"type": "message_stop"}


def _whole(said: Said) -> Any:
    text = said.text if said.refusal is None else said.refusal
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text or not said.calls else []
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": object_of(call.arguments)}
        for call in said.calls
    ]
    return {
        **_message(said),
        "content": blocks,
        "stop_reason": _FINISH.get(said.finish, said.finish),
        "usage": {"input_tokens": said.input_tokens, "output_tokens": said.output_tokens},
    }


def _error(status: int, kind: str, message: str) -> Any:
    return {"type": "error", "error": {"type": kind, "message": message}}


ANTHROPIC = Dialect(EVENTS, _events, named_event, _whole, _error)
