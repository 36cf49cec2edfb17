"""Calls and results in every dialect: the same is heard however the answer is cut, and the same goes back.

Bytes on the wire cannot be seen from the language, so this is Python. Time is virtual.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.embed.offline import OfflineTransport, Reply
from bamlet.testing.script import call, calls, say, script
from bamlet.wire.eventstream import encode_frame
from bamlet.wire.message import Request
from tests.agents.test_loop import OPTIONS
from tests.agents.test_wire import events
from tests.support.scripted import LoopClock, run_virtual

SOURCE = """
client<llm> C { provider PROVIDER, options { model "m", api_key "k" OPTIONS } }

/// Adds.
function add(a: int, b: int) -> int { a + b }
/// Says when it is.
function now() -> string { "noon" }
/// Refuses.
function refuse() -> int throws unknown { throw "not today" }
/// Takes a picture.
function look() -> image { image.from_base64("image/png", "aGk=") }

function Assist(q: string) -> string {
  client C
  tools [add, now, refuse, look]
  prompt #"{{ _.role("user") }} {{ q }}"#
}
"""
ADD = call("add", {"a": 2, "b": 40})


@dataclass(frozen=True)
class Case:
    """What a model says, and what it is told."""

    reply: Reply
    told: tuple[str, ...]
    thinks: bool = False


CASES = {
    "one call": Case(calls(ADD), ("42",)),
    "two calls": Case(calls(ADD, call("add", {"a": 1, "b": 1})), ("42", "2")),
    "a call after text": Case(calls(ADD, text="I add."), ("42",)),
    "a call after thinking": Case(calls(ADD), ("42",), thinks=True),
    "no arguments": Case(calls(call("now")), ("noon",)),
    "an unknown tool": Case(calls(call("ad", {})), ("there is no tool `ad`; did you mean `add`?",)),
    "an error": Case(calls(call("refuse")), ("not today",)),
    "a picture": Case(calls(call("look")), ('{"base64":"aGk=","media_type":"image/png"}',)),
}
ALL = os.environ.get("BAMLET_AGENT_MATRIX") == "all"
SOME = ("openai-responses", "anthropic", "aws-bedrock")
CHAT = events({"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}}]})
GOOGLE = events({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hm.", "thought": True}]}}]})
THOUGHTS: dict[str, bytes] = {
    **dict.fromkeys(("openai", "openai-generic", "openrouter", "ollama", "azure-openai"), CHAT),
    "openai-responses": events(
        {"type": "response.reasoning_summary_text.delta", "item_id": "r", "output_index": 9, "delta": "Hm."}
    ),
    "anthropic": events(
        {"type": "content_block_start", "index": 9, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 9, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_delta", "index": 9, "delta": {"type": "signature_delta", "signature": "s"}},
        {"type": "content_block_stop", "index": 9},
    ),
    "google-ai": GOOGLE,
    "vertex-ai": GOOGLE,
    "aws-bedrock": encode_frame(
        {":message-type": "event", ":event-type": "contentBlockDelta"},
        json.dumps({"contentBlockIndex": 9, "delta": {"reasoningContent": {"text": "Hm."}}}).encode(),
    ),
    "ollama-native": b'{"message": {"role": "assistant", "content": "", "thinking": "Hm."}, "done": false}\n',
}


HEADED = [THOUGHTS[provider] for provider in SOME]


class Cut:
    """The answers of another transport, cut after so many bytes; the first thinks before it speaks."""

    asks_nobody = True

    def __init__(self, inner: OfflineTransport, size: int, thought: bytes) -> None:
        self._inner = inner
        self._size = size
        self._thought = thought

    async def open(self, request: Request, *, connect_timeout: float | None) -> Any:
        thought, self._thought = self._thought, b""
        return _Cut(await self._inner.open(request, connect_timeout=connect_timeout), self._size, thought)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Cut:
    http_version = "HTTP/1.1"

    def __init__(self, inner: Any, size: int, thought: bytes) -> None:
        self.status, self.headers, self.aclose = inner.status, inner.headers, inner.aclose
        self._inner, self._size, self._thought = inner, size, thought
        self._has_head = thought in HEADED

    async def chunks(self) -> AsyncIterator[bytes]:
        async for part in self._inner.chunks():
            # Of some dialects the first event is the head of the answer.
            whole = part + self._thought if self._has_head else self._thought + part
            self._thought = b""
            for at in range(0, len(whole), self._size):
                yield whole[at : at + self._size]


@cache
def program(provider: str) -> bamlet.Program:
    source = SOURCE.replace("PROVIDER", provider).replace("OPTIONS", OPTIONS[provider])
    found = bamlet.compile_sources({"main.baml": source})
    assert not found.diagnostics
    return found


def ran(provider: str, case: Case, size: int) -> tuple[list[Any], Any]:
    """What was heard, and the body of the second request."""

    async def work() -> tuple[list[Any], Any]:
        model = script(case.reply, say("done"))
        transport = Cut(model, size, THOUGHTS[provider] if case.thinks else b"")
        async with bamlet.AsyncRuntime(
            program(provider), transport=transport, clock=LoopClock(), environ={}
        ) as runtime:
            stream = runtime.stream("Assist", q="?")
            heard = [event async for event in stream.agent_events()]
            assert await stream.final() == "done"
            assert runtime.handles.open_count == 0
            return heard, model.requests[1].body

    return run_virtual(work())


@pytest.mark.parametrize("provider", OPTIONS if ALL else SOME)
def test_the_same_is_heard_in_every_dialect_however_it_is_cut(provider: str) -> None:
    for name, case in CASES.items():
        for size in (1, 1 << 20):
            heard, body = ran(provider, case, size)
            told = f"{provider}, {name}, cut at {size}"
            said = next(event.message for event in heard if event.name == "StepEnded")
            parts = [part for part in said.parts if part.__class_name__ == "baml.agent.Call"]
            made = [(part.name, json.loads(part.raw or "{}")) for part in parts]
            assert made == [(one.name, json.loads(one.arguments)) for one in case.reply.calls], told
            assert ("I add." in str(said.parts[0])) == bool(case.reply.text), told
            results = [event.result.content for event in heard if event.name == "ToolEnded"]
            assert tuple(map(_text, results)) == case.told, told
            chunks = [event.chunk for event in heard if event.name == "ChunkSaid"]
            thoughts = "".join(chunk.text for chunk in chunks if chunk.type == "reasoning")
            assert thoughts == ("Hm." if case.thinks else ""), told
            sent = json.dumps(body, ensure_ascii=False).replace("\\", "")
            assert all(one in sent for one in case.told), told


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))
