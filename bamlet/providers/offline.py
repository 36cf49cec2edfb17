"""What a model says, in the wire format of each dialect: the other direction of the accumulators.

An answer is made in parts, one for each event of a stream, so that it can be paced, cut and spoilt between them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..wire.eventstream import encode_frame
from .completion import ToolCall

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


def framed(response_type: str, said: Said, *, streams: bool) -> Framed:
    """The answer of a server that speaks the dialect of this name."""
    dialect = _DIALECTS[response_type]
    if not streams:
        body = json.dumps(dialect.whole(said), ensure_ascii=False).encode()
        return Framed(JSON, (body,), said=(len(said.text),))
    parts: list[bytes] = []
    counted: list[int] = []
    count = 0
    for characters, event in dialect.events(said):
        count += characters
        parts.append(dialect.frame(event))
        counted.append(count)
    return Framed(dialect.headers, tuple(parts), said=tuple(counted))


def refused(response_type: str, status: int, retry_after: float | None = None) -> Framed:
    """An error in the dialect's own form."""
    message, kind = _ERRORS.get(status, ("the server had an error", "server_error"))
    headers = JSON if retry_after is None else (*JSON, ("retry-after", f"{retry_after:g}"))
    body = _DIALECTS[response_type].error(status, kind, message)
    return Framed(headers, (json.dumps(body).encode(),), status)


_ERRORS = {
    400: ("the request is not valid", "invalid_request_error"),
    401: ("the key is not valid", "authentication_error"),
    403: ("this is not allowed", "permission_error"),
    404: ("there is no such model", "not_found_error"),
    429: ("too many requests", "rate_limit_error"),
    529: ("overloaded", "overloaded_error"),
}

# Each event with how many characters of the text it says.
_Events: TypeAlias = Iterator[tuple[int, Any]]


@dataclass(frozen=True, slots=True)
class _Dialect:
    headers: Headers
    events: Callable[[Said], _Events]
    frame: Callable[[Any], bytes]
    whole: Callable[[Said], Any]
    error: Callable[[int, str, str], Any]


def _data(value: Any) -> bytes:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def _named(value: Mapping[str, Any]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _frame(event: tuple[str, Any]) -> bytes:
    name, value = event
    headers = {":message-type": "event", ":event-type": name, ":content-type": "application/json"}
    return encode_frame(headers, json.dumps(value, ensure_ascii=False).encode())


def _object(text: str) -> Any:
    """Arguments of a call for dialects that send them as data and not as text."""
    try:
        return json.loads(text)
    except ValueError:
        return {"": text}


# --- chat completions


_CHAT_FINISH = {"refusal": "stop"}


def _chat_usage(said: Said) -> dict[str, int]:
    given, made = said.input_tokens, said.output_tokens
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


def _chat_calls(said: Said) -> list[dict[str, Any]]:
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in said.calls
    ]


def _chat_events(said: Said) -> _Events:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    head = {"id": "chatcmpl-offline", "object": "chat.completion.chunk", "created": 0, "model": said.model}
    yield 0, chunk({"role": "assistant", "content": ""})
    for piece in said.pieces:
        yield len(piece), chunk({"content": piece})
    if said.refusal is not None:
        yield 0, chunk({"refusal": said.refusal})
    for index, call in enumerate(_chat_calls(said)):
        arguments = call["function"].pop("arguments")
        begun = {**call["function"], "arguments": ""}
        yield 0, chunk({"tool_calls": [{"index": index, **call, "function": begun}]})
        for at in range(0, len(arguments), 16):
            more = {"index": index, "function": {"arguments": arguments[at : at + 16]}}
            yield 0, chunk({"tool_calls": [more]})
    yield 0, chunk({}, _CHAT_FINISH.get(said.finish, said.finish))
    yield 0, {**head, "choices": [], "usage": _chat_usage(said)}
    yield 0, "[DONE]"


def _chat_whole(said: Said) -> Any:
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": said.refusal}
    if said.calls:
        message["tool_calls"] = _chat_calls(said)
    finish = _CHAT_FINISH.get(said.finish, said.finish)
    return {
        "id": "chatcmpl-offline",
        "object": "chat.completion",
        "created": 0,
        "model": said.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": _chat_usage(said),
    }


def _chat_error(status: int, kind: str, message: str) -> Any:
    return {"error": {"message": message, "type": kind, "code": None, "param": None}}


# --- Responses


_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def _responses_body(said: Said, output: list[Any]) -> dict[str, Any]:
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


def _responses_output(said: Said) -> list[dict[str, Any]]:
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


def _responses_events(said: Said) -> _Events:
    numbers = iter(range(1 << 30))

    def event(kind: str, **fields: Any) -> dict[str, Any]:
        return {"type": f"response.{kind}", "sequence_number": next(numbers), **fields}

    begun = {**_responses_body(said, []), "status": "in_progress", "incomplete_details": None, "usage": None}
    yield 0, event("created", response=begun)
    output = _responses_output(said)
    for index, item in enumerate(output):
        yield 0, event("output_item.added", output_index=index, item=_begun_item(item))
        if item["type"] == "function_call":
            at = {"item_id": item["id"], "output_index": index}
            yield 0, event("function_call_arguments.delta", **at, delta=item["arguments"])
            yield 0, event("function_call_arguments.done", **at, arguments=item["arguments"])
        else:
            yield from _responses_content(said, item, index, event)
        yield 0, event("output_item.done", output_index=index, item=item)
    body = _responses_body(said, output)
    yield 0, event(body["status"], response=body)


def _begun_item(item: dict[str, Any]) -> dict[str, Any]:
    emptied: dict[str, Any] = {"arguments": ""} if item["type"] == "function_call" else {"content": []}
    return {**item, **emptied, "status": "in_progress"}


def _responses_content(said: Said, item: dict[str, Any], index: int, event: Callable[..., Any]) -> _Events:
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


def _responses_error(status: int, kind: str, message: str) -> Any:
    return {"error": {"message": message, "type": kind, "code": None, "param": None}}


# --- Anthropic


_ANTHROPIC_FINISH = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "refusal",
    "tool_calls": "tool_use",
}


def _anthropic_message(said: Said) -> dict[str, Any]:
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


def _anthropic_events(said: Said) -> _Events:
    yield 0, {"type": "message_start", "message": _anthropic_message(said)}
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
    reason = {"stop_reason": _ANTHROPIC_FINISH.get(said.finish, said.finish), "stop_sequence": None}
    yield 0, {"type": "message_delta", "delta": reason, "usage": {"output_tokens": said.output_tokens}}
    yield 0, {"type": "message_stop"}


def _anthropic_whole(said: Said) -> Any:
    text = said.text if said.refusal is None else said.refusal
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text or not said.calls else []
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": _object(call.arguments)}
        for call in said.calls
    ]
    return {
        **_anthropic_message(said),
        "content": blocks,
        "stop_reason": _ANTHROPIC_FINISH.get(said.finish, said.finish),
        "usage": {"input_tokens": said.input_tokens, "output_tokens": said.output_tokens},
    }


def _anthropic_error(status: int, kind: str, message: str) -> Any:
    return {"type": "error", "error": {"type": kind, "message": message}}


# --- Gemini


_GOOGLE_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "tool_calls": "STOP"}


def _google_value(said: Said, parts: list[Any], finish: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = _GOOGLE_FINISH.get(said.finish, "PROHIBITED_CONTENT")
    given, made = said.input_tokens, said.output_tokens if finish else 0
    usage = {"promptTokenCount": given, "candidatesTokenCount": made, "totalTokenCount": given + made}
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": said.model,
        "responseId": "offline",
    }


def _google_calls(said: Said) -> list[Any]:
    return [{"functionCall": {"name": call.name, "args": _object(call.arguments)}} for call in said.calls]


def _google_events(said: Said) -> _Events:
    for piece in said.pieces if said.refusal is None else (said.refusal,):
        yield len(piece), _google_value(said, [{"text": piece}], False)
    yield 0, _google_value(said, _google_calls(said), True)


def _google_whole(said: Said) -> Any:
    text = said.text if said.refusal is None else said.refusal
    return _google_value(said, [*([{"text": text}] if text else []), *_google_calls(said)], True)


def _google_error(status: int, kind: str, message: str) -> Any:
    names = {429: "RESOURCE_EXHAUSTED", 401: "UNAUTHENTICATED", 400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED"}
    return {"error": {"code": status, "message": message, "status": names.get(status, "INTERNAL")}}


# --- Bedrock


_BEDROCK_FINISH = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "content_filtered",
    "tool_calls": "tool_use",
    "refusal": "guardrail_intervened",
}


def _bedrock_usage(said: Said) -> dict[str, int]:
    given, made = said.input_tokens, said.output_tokens
    return {"inputTokens": given, "outputTokens": made, "totalTokens": given + made}


def _bedrock_events(said: Said) -> _Events:
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
    yield 0, ("messageStop", {"stopReason": _BEDROCK_FINISH[said.finish]})
    yield 0, ("metadata", {"usage": _bedrock_usage(said), "metrics": {"latencyMs": 0}})


def _bedrock_whole(said: Said) -> Any:
    text = said.text if said.refusal is None else said.refusal
    content: list[Any] = [{"text": text}] if text or not said.calls else []
    content += [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": _object(call.arguments)}}
        for call in said.calls
    ]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": _BEDROCK_FINISH[said.finish],
        "usage": _bedrock_usage(said),
        "metrics": {"latencyMs": 0},
    }


def _bedrock_error(status: int, kind: str, message: str) -> Any:
    return {"message": message}


# --- Ollama's own


_NEVER_CREATED = "1970-01-01T00:00:00Z"


def _ollama_message(said: Said, message: dict[str, Any], done: bool) -> dict[str, Any]:
    value = {"model": said.model, "created_at": _NEVER_CREATED, "message": message, "done": done}
    if done:
        value |= {
            "done_reason": "length" if said.finish == "length" else "stop",
            "prompt_eval_count": said.input_tokens,
            "eval_count": said.output_tokens,
        }
    return value


def _ollama_calls(said: Said) -> dict[str, Any]:
    calls = [{"function": {"name": call.name, "arguments": _object(call.arguments)}} for call in said.calls]
    return {"tool_calls": calls} if calls else {}


def _ollama_events(said: Said) -> _Events:
    for piece in said.pieces if said.refusal is None else (said.refusal,):
        yield len(piece), _ollama_message(said, {"role": "assistant", "content": piece}, False)
    yield 0, _ollama_message(said, {"role": "assistant", "content": "", **_ollama_calls(said)}, True)


def _ollama_whole(said: Said) -> Any:
    text = said.text if said.refusal is None else said.refusal
    return _ollama_message(said, {"role": "assistant", "content": text, **_ollama_calls(said)}, True)


def _ollama_error(status: int, kind: str, message: str) -> Any:
    return {"error": message}


# --- transcriptions


def _transcript_usage(said: Said) -> dict[str, Any]:
    given, made = said.input_tokens, said.output_tokens
    return {"type": "tokens", "input_tokens": given, "output_tokens": made, "total_tokens": given + made}


def _transcript_events(said: Said) -> _Events:
    for piece in said.pieces:
        yield len(piece), {"type": "transcript.text.delta", "delta": piece}
    yield 0, {"type": "transcript.text.done", "text": said.text, "usage": _transcript_usage(said)}


def _transcript_whole(said: Said) -> Any:
    return {"text": said.text, "usage": _transcript_usage(said)}


_GOOGLE = _Dialect(EVENTS, _google_events, _data, _google_whole, _google_error)
_DIALECTS: Mapping[str, _Dialect] = {
    "openai": _Dialect(EVENTS, _chat_events, _data, _chat_whole, _chat_error),
    "openai-responses": _Dialect(
        EVENTS,
        _responses_events,
        _named,
        lambda said: _responses_body(said, _responses_output(said)),
        _responses_error,
    ),
    "openai-transcription": _Dialect(EVENTS, _transcript_events, _data, _transcript_whole, _chat_error),
    "anthropic": _Dialect(EVENTS, _anthropic_events, _named, _anthropic_whole, _anthropic_error),
    "google": _GOOGLE,
    "vertex": _GOOGLE,
    "aws-bedrock": _Dialect(FRAMES, _bedrock_events, _frame, _bedrock_whole, _bedrock_error),
    "ollama": _Dialect(LINES, _ollama_events, _line, _ollama_whole, _ollama_error),
}
RESPONSE_TYPES = tuple(_DIALECTS)


def pieces_of(text: str, size: int) -> tuple[str, ...]:
    return tuple(text[at : at + size] for at in range(0, len(text), size))
