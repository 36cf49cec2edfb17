"""Bedrock's Converse, in the frames of AWS."""

from __future__ import annotations

from typing import Any

from .said import FRAMES, Dialect, Events, Said, event_frame, object_of

_FINISH = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "content_filtered",
    "tool_calls": "tool_use",
    "refusal": "guardrail_intervened",
}


def _usage(said: Said) -> dict[str, int]:
    given, made = said.input_tokens, said.output_tokens
    return {"inputTokens": given, "outputTokens": made, "totalTokens": given + made}


def _events(said: Said) -> Events:
    yield 0, ("messageStart", {"role": "assistant"})
    index = 0
    text = said.pieces if said.refusal is None else (said.refusal,)
    for piece in text:
        yield len(piece), ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}})
    if text:
        yield 0, ("contentBlockStop", {"contentBlockIndex": 0})
        index = 1
    for at, call in enumerate(said.calls, index):
        start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        yield 0, ("contentBlockStart", {"contentBlockIndex": at, "start": start})
        delta = {"toolUse": {"input": call.arguments}}
        yield 0, ("contentBlockDelta", {"contentBlockIndex": at, "delta": delta})
        yield 0, ("contentBlockStop", {"contentBlockIndex": at})
    yield 0, ("messageStop", {"stopReason": _FINISH[said.finish]})
    yield 0, ("metadata", {"usage": _usage(said), "metrics": {"latencyMs": 0}})


def _whole(said: Said) -> Any:
    text = said.text if said.refusal is None else said.refusal
    content: list[Any] = [{"text": text}] if text or not said.calls else []
    content += [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": object_of(call.arguments)}}
        for call in said.calls
    ]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": _FINISH[said.finish],
        "usage": _usage(said),
        "metrics": {"latencyMs": 0},
    }


def _error(status: int, kind: str, message: str) -> Any:
    return {"message": message}


BEDROCK = Dialect(FRAMES, _events, event_frame, _whole, _error)
