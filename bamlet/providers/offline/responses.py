"""OpenAI's Responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .said import EVENTS, Dialect, Events, Said, named_event

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def _body(said: Said, output: list[Any]) -> dict[str, Any]:
    given, made = said.input_tokens, said.output_tokens
    reason = _INCOMPLETE.get(said.finish)
    return {
        "id": "resp_offline",
        "object": "response",
        "created_at": 0,
        "model": said.model,
        "status": "completed" if reason is None else "incomplete",
        "incomplete_details": None if reason is None else {"reason": reason},
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": given + made,
        },
    }


def _output(said: Said) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    if said.refusal is not None:
        content.append({"type": "refusal", "refusal": said.refusal})
    elif said.pieces or not said.calls:
        content.append({"type": "output_text", "text": said.text, "annotations": []})
    message = {
        "id": "msg_offline",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }
    calls = [
        {
            "id": f"fc_{call.id}",
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
            "status": "completed",
        }
        for call in said.calls
    ]
    return [*([message] if content else []), *calls]


def _events(said: Said) -> Events:
    numbers = iter(range(1 << 30))

    def event(kind: str, **fields: Any) -> dict[str, Any]:
        return {"type": f"response.{kind}", "sequence_number": next(numbers), **fields}

    begun = {**_body(said, []), "status": "in_progress", "incomplete_details": None, "usage": None}
    yield 0, event("created", response=begun)
    output = _output(said)
    for index, item in enumerate(output):
        yield 0, event("output_item.added", output_index=index, item=_begun_item(item))
        if item["type"] == "function_call":
            at = {"item_id": item["id"], "output_index": index}
            yield 0, event("function_call_arguments.delta", **at, delta=item["arguments"])
            yield 0, event("function_call_arguments.done", **at, arguments=item["arguments"])
        else:
            yield from _content(said, item, index, event)
        yield 0, event("output_item.done", output_index=index, item=item)
    body = _body(said, output)
    yield 0, event(body["status"], response=body)


def _begun_item(item: dict[str, Any]) -> dict[str, Any]:
    emptied: dict[str, Any] = {"arguments": ""} if item["type"] == "function_call" else {"content": []}
    return {**item, **emptied, "status": "in_progress"}


def _content(said: Said, item: dict[str, Any], index: int, event: Callable[..., Any]) -> Events:
    at = {"item_id": item["id"], "output_index": index, "content_index": 0}
    part = item["content"][0]
    kind, name = ("refusal", "refusal") if said.refusal is not None else ("output_text", "text")
    yield 0, event("content_part.added", **at, part={**part, name: ""})
    if said.refusal is not None:
        yield 0, event("refusal.delta", **at, delta=said.refusal)
    for piece in said.pieces if said.refusal is None else ():
        yield len(piece), event("output_text.delta", **at, delta=piece, logprobs=[])
    logprobs: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
    yield 0, event(f"{kind}.done", **at, **logprobs, **{name: part[name]})
    yield 0, event("content_part.done", **at, part=part)


def _error(status: int, kind: str, message: str) -> Any:
    return {"error": {"message": message, "type": kind, "code": None, "param": None}}


RESPONSES = Dialect(EVENTS, _events, named_event, lambda said: _body(said, _output(said)), _error)
