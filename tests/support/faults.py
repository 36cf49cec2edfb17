"""Faults of servers and networks, for every dialect, as answers of the loopback server.

A fault is a function of a body: the one that a sound server of the dialect would have sent, streamed or whole.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.servers.loopback import Answer, Pause
from tests.support.provider_streams import CASES

# Shorter than any of the limits of `Hasty`: a fault that is no silence must not look like one.
BEAT = 0.02
STALL = Pause(60)
PIECE = b"x" * (1 << 20)
TOO_MANY_PIECES = 34  # the limit of an answer, and of one of its values, is 32 MiB

CLIENT = """
retry_policy Once {{
  max_retries 1
  strategy {{
    type constant_delay
    delay_ms 1
  }}
}}

client<llm> Hasty {{
  provider {provider}
  retry_policy Once
  options {{
    model "m"
    {options}
    http {{
      time_to_first_token_timeout_ms 1500
      idle_timeout_ms 1000
      request_timeout_ms 4000
    }}
  }}
}}

client<llm> Patient {{
  provider {provider}
  retry_policy Once
  options {{
    model "m"
    {options}
  }}
}}

function Say(text: string) -> string {{
  client Hasty
  prompt #"{{{{ text }}}}"#
}}
"""


@dataclass(frozen=True)
class Body:
    """What a sound server would have sent, and how it would have said that it is overloaded."""

    content_type: str
    sound: bytes
    error: bytes
    streams: bool

    @property
    def middle(self) -> int:
        return len(self.sound) // 2

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("content-type", self.content_type),)


@dataclass(frozen=True)
class Dialect:
    provider: str
    text: str
    source: str
    stream: Body
    whole: Body


KEYED = 'base_url env.BASE_URL\n    api_key "k-0123456789"'
OPTIONS = {
    "openai": KEYED,
    "openai-generic": KEYED,
    "azure-openai": KEYED + '\n    api_version "1"',
    "openai-responses": KEYED,
    "anthropic": KEYED,
    "google-ai": KEYED,
    "vertex-ai": 'base_url env.BASE_URL\n    authorization_token "t-0123456789"',
    "aws-bedrock": (
        'endpoint_url env.BASE_URL\n    region "r"\n    access_key_id "a"\n    secret_access_key "s-0123456789"'
    ),
    "ollama-native": "base_url env.BASE_URL",
}
RECORDED = {
    "openai": "text_basic",
    "openai-generic": "mistral_content_list",
    "azure-openai": "prompt_filter_first",
    "openai-responses": "text_basic",
    "anthropic": "text_ping_padding",
    "google-ai": "text_basic_crlf",
    "vertex-ai": "text_basic",
    "aws-bedrock": "text_split_frames",
    "ollama": "chat_thinking",
}
JSON = "application/json"


def _dialect(provider: str) -> Dialect:
    family = "ollama" if provider == "ollama-native" else provider
    case = next(case for case in CASES if (case.provider, case.name) == (family, RECORDED[family]))
    text = case.expected["text"]
    error = json.dumps(_overloaded(provider))
    stream_error = b"" if provider == "aws-bedrock" else _event(provider, error)
    if provider == "aws-bedrock":
        stream_error = next(case.body for case in CASES if case.name == "throttling_mid_stream")
    whole = json.dumps(_whole(provider, text), ensure_ascii=False).encode()
    return Dialect(
        provider,
        text,
        CLIENT.format(provider=provider, options=OPTIONS[provider]),
        Body(case.headers["content-type"], case.body, stream_error, streams=True),
        Body(JSON, whole, error.encode(), streams=False),
    )


def _event(provider: str, data: str) -> bytes:
    if provider == "ollama-native":
        return f"{data}\n".encode()
    return f"event: error\ndata: {data}\n\n".encode()


def _overloaded(provider: str) -> Any:
    match provider:
        case "anthropic":
            return {"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}}
        case "openai-responses":
            return {"type": "error", "error": {"code": "server_error", "message": "overloaded"}}
        case "google-ai" | "vertex-ai":
            return {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}
        case "aws-bedrock":
            return {"message": "overloaded"}
        case "ollama-native":
            return {"error": "overloaded"}
        case _:
            return {"error": {"message": "overloaded", "type": "server_error", "code": None}}


def _whole(provider: str, text: str) -> Any:
    match provider:
        case "anthropic":
            return {"type": "message", "role": "assistant", "stop_reason": "end_turn", "content": [_text(text)]}
        case "openai-responses":
            message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
            return {"object": "response", "status": "completed", "output": [message]}
        case "google-ai" | "vertex-ai":
            content = {"role": "model", "parts": [{"text": text}]}
            return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}]}
        case "aws-bedrock":
            message = {"role": "assistant", "content": [{"text": text}]}
            return {"output": {"message": message}, "stopReason": "end_turn"}
        case "ollama-native":
            message = {"role": "assistant", "content": text}
            return {"model": "m", "message": message, "done": True, "done_reason": "stop"}
        case _:
            message = {"role": "assistant", "content": text}
            return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def _text(text: str) -> Any:
    return {"type": "text", "text": text}


DIALECTS = [_dialect(provider) for provider in OPTIONS]


# --- the faults


def _reset_before_head(body: Body) -> Answer:
    return Answer(raw_head=b"", end="reset")


def _reset_after_head(body: Body) -> Answer:
    return Answer([Pause(BEAT)], headers=body.headers, end="reset")


def _reset_in_an_event(body: Body) -> Answer:
    return Answer([body.sound[: body.middle], Pause(BEAT)], headers=body.headers, end="reset")


def _cut_in_a_character(body: Body) -> Answer:
    """In the middle where the text has no character of several bytes."""
    inside = next((place for place, byte in enumerate(body.sound) if byte & 0xC0 == 0x80), body.middle)
    return Answer([body.sound[:inside], Pause(BEAT)], headers=body.headers, end="reset")


def _silent_before_head(body: Body) -> Answer:
    return Answer(head_delay=60)


def _silent_between_events(body: Body) -> Answer:
    return Answer([body.sound[: body.middle], STALL], headers=body.headers)


def _last_chunk_missing(body: Body) -> Answer:
    return Answer([body.sound[: body.middle]], headers=body.headers, end="incomplete_chunked")


def _early_close(body: Body) -> Answer:
    return Answer([body.sound[: body.middle]], headers=body.headers)


def _packed(body: Body) -> Answer:
    return Answer([gzip.compress(body.sound)], headers=(*body.headers, ("content-encoding", "gzip")))


def _web_page(body: Body) -> Answer:
    return Answer([b"<html>Sign in</html>"], headers=[("content-type", "text/html")])


def _error_in_a_success(body: Body) -> Answer:
    return Answer([body.error], headers=body.headers)


def _status(status: int, *headers: tuple[str, str]) -> Callable[[Body], Answer]:
    def refused(body: Body) -> Answer:
        return Answer(
            [b'{"error": {"message": "no"}}'], status, [("content-type", JSON), *headers], framing="length"
        )

    return refused


def _oversized(body: Body) -> Answer:
    if body.content_type == "application/vnd.amazon.eventstream":
        return Answer([b"\x7f\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"], headers=body.headers)
    pieces = 5 if body.content_type.startswith("text/event-stream") else TOO_MANY_PIECES
    return Answer([b'data: {"x": "', *[PIECE] * pieces], headers=body.headers)


def _garbage(body: Body) -> Answer:
    return Answer([bytes(range(256)) * 4], headers=body.headers)


def _drip(body: Body) -> Answer:
    """Never silent for long, and never at an end: only the limit of the whole request helps."""
    slowly: list[bytes | Pause] = []
    for place in range(400):
        slowly += [body.sound[place % body.middle :][:1], Pause(BEAT)]
    return Answer(slowly, headers=body.headers)


def _held_open(body: Body) -> Answer:
    """Complete, but the server never says so below the level of the answer."""
    framing: Any = "chunked" if body.streams else "length"
    return Answer([body.sound], headers=body.headers, framing=framing, end="open")


FAULTS: dict[str, Callable[[Body], Answer]] = {
    "reset before the head": _reset_before_head,
    "reset after the head": _reset_after_head,
    "reset in an event": _reset_in_an_event,
    "cut in a character": _cut_in_a_character,
    "silent before the head": _silent_before_head,
    "silent between events": _silent_between_events,
    "last chunk missing": _last_chunk_missing,
    "early close": _early_close,
    "packed": _packed,
    "web page": _web_page,
    "error in a 200": _error_in_a_success,
    "429, retry after 0 s": _status(429, ("retry-after", "0")),
    "429": _status(429),
    "500": _status(500),
    "529": _status(529),
    "redirect": _status(307, ("location", "/elsewhere")),
    "oversized": _oversized,
    "garbage": _garbage,
    "slow drip": _drip,
    "held open": _held_open,
}
