"""Chat completions, as OpenAI and many others answer them."""

from __future__ import annotations

from typing import Any

from .said import EVENTS, Dialect, Events, Said, data_event

_FINISH = {"refusal": "stop"}


def _usage(said: Said) -> dict[str, int]:
    given, made = said.input_tokens, said.output_tokens
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


def _calls(said: Said) -> list[dict[str, Any]]:
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in said.calls
    ]


def _events(said: Said) -> Events:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    head = {"id": "chatcmpl-offline", "object": "chat.completion.chunk", "created": 0, "model": said.model}
    yield 0, chunk({"role": "assistant", "content": ""})
    for piece in said.pieces:
        yield len(piece), chunk({"content": piece})
    if said.refusal is not None:
        yield 0, chunk({"refusal": said.refusal})
    for index, call in enumerate(_calls(said)):
        arguments = call["function"].pop("arguments")
        begun = {**call["function"], "arguments": ""}
        yield 0, chunk({"tool_calls": [{"index": index, **call, "function": begun}]})
        for at in range(0, len(arguments), 16):
            more = {"index": index, "function": {"arguments": arguments[at : at + 16]}}
            yield 0, chunk({"tool_calls": [more]})
    yield 0, chunk({}, _FINISH.get(said.finish, said.finish))
    yield 0, {**head, "choices": [], "usage": _usage(said)}
    yield 0, "[DONE]"


def _whole(said: Said) -> Any:
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": said.refusal}
    if said.calls:
        message["tool_calls"] = _calls(said)
    finish = _FINISH.get(said.finish, said.finish)
    return {
        "id": "chatcmpl-offline",
        "object": "chat.completion",
        "created": 0,
        "model": said.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": _usage(said),
    }


def error(status: int, kind: str, message: str) -> Any:
    return {"error": {"message": message, "type": kind, "code": None, "param": None}}


CHAT = Dialect(EVENTS, _events, data_event, _whole, error)
