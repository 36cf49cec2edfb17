"""What an agent hears and gives back in three dialects: calls cut at every byte, and parts that nobody reads.

Bytes on the wire cannot be seen from the language, so this is Python. Time is virtual.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import bamlet
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, run_virtual

SOURCE = """
client<llm> C { provider PROVIDER, options { model "m", api_key "k" } }
/// Adds.
function add(a: int, b: int) -> int { a + b }
function Assist(q: string) -> string { client C, tools [add], prompt #"{{ _.role("user") }} {{ q }}"# }
"""
SSE = (("content-type", "text/event-stream"),)
ARGUMENTS = json.dumps({"a": 2, "b": 40})


def events(*values: Any) -> bytes:
    named = (f"event: {value['type']}\n" if "type" in value else "" for value in values)
    return b"".join(
        f"{name}data: {json.dumps(value)}\n\n".encode() for name, value in zip(named, values, strict=True)
    )


def openai(calls: bool) -> bytes:
    def chunk(delta: Any, finish: str | None = None) -> Any:
        return {"id": "1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    if not calls:
        return events(chunk({"content": "It is 42."}), chunk({}, "stop")) + b"data: [DONE]\n\n"
    head = {"index": 0, "id": "c1", "function": {"name": "add", "arguments": ""}}
    rest = [{"index": 0, "function": {"arguments": letter}} for letter in ARGUMENTS]
    deltas = [chunk({"tool_calls": [one]}) for one in (head, *rest)]
    return events(*deltas, chunk({}, "tool_calls")) + b"data: [DONE]\n\n"


def anthropic(calls: bool) -> bytes:
    start = {"type": "message_start", "message": {"id": "1", "model": "m", "content": []}}
    stop = {"type": "message_delta", "delta": {"stop_reason": "tool_use" if calls else "end_turn"}}
    blocks: list[tuple[Any, list[Any]]] = [
        ({"type": "text", "text": ""}, [{"type": "text_delta", "text": "It is 42."}])
    ]
    if calls:
        thought = [
            {"type": "thinking_delta", "thinking": "2 and "},
            {"type": "thinking_delta", "thinking": "40"},
            {"type": "signature_delta", "signature": "s1"},
        ]
        pieces = [{"type": "input_json_delta", "partial_json": letter} for letter in ARGUMENTS]
        blocks = [
            ({"type": "thinking", "thinking": "", "signature": ""}, thought),
            ({"type": "redacted_thinking", "data": "sealed"}, []),
            ({"type": "tool_use", "id": "c1", "name": "add", "input": {}}, pieces),
        ]
    made: list[Any] = []
    for index, (block, deltas) in enumerate(blocks):
        made.append({"type": "content_block_start", "index": index, "content_block": block})
        made += ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
        made.append({"type": "content_block_stop", "index": index})
    return events(start, *made, stop, {"type": "message_stop"})


def google(calls: bool) -> bytes:
    part: Any = {"text": "It is 42."}
    if calls:
        part = {"functionCall": {"name": "add", "args": json.loads(ARGUMENTS)}, "thoughtSignature": "g1"}
    content = {"role": "model", "parts": [part]}
    return events({"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "modelVersion": "m"})


DIALECTS: dict[str, Any] = {"openai": openai, "anthropic": anthropic, "google-ai": google}


def run(provider: str, size: int) -> tuple[Any, Any, list[Any]]:
    """The value, the second request, and what was shown."""

    async def work() -> tuple[Any, Any, list[Any]]:
        def cut(body: bytes) -> Reply:
            return Reply([body[at : at + size] for at in range(0, len(body), size)], headers=SSE)

        frames = DIALECTS[provider]
        transport = ScriptedTransport({model: [cut(frames(True)), cut(frames(False))] for model in ("m", "")})
        program = bamlet.compile_sources({"main.baml": SOURCE.replace("PROVIDER", provider)})
        async with bamlet.AsyncRuntime(program, transport=transport, clock=LoopClock(), environ={}) as runtime:
            stream = runtime.stream("Assist", q="2 + 40?", partials="every")
            shown = [partial async for partial in stream]
            value = await stream.final()
            assert (runtime.handles.open_count, transport.open_answers) == (0, 0)
            return value, transport.bodies[1], shown

    return run_virtual(work())


@pytest.mark.parametrize("provider", DIALECTS)
def test_calls_that_are_cut_anywhere(provider: str) -> None:
    whole = run(provider, 1 << 20)
    assert whole[0] == "It is 42."
    assert whole[2][-1] == "It is 42."
    for size in (1, 2, 7):
        assert run(provider, size)[:2] == whole[:2]


def test_anthropic_gets_its_thoughts_back() -> None:
    messages = run("anthropic", 100)[1]["messages"]
    assert messages[1] == {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "2 and 40", "signature": "s1"},
            {"type": "redacted_thinking", "data": "sealed"},
            {"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 2, "b": 40}},
        ],
    }
    assert messages[2]["content"] == [{"type": "tool_result", "tool_use_id": "c1", "content": "42"}]


def test_gemini_gets_its_signatures_back() -> None:
    contents = run("google-ai", 100)[1]["contents"]
    # It gave no id, and so gets none.
    assert contents[1]["parts"] == [
        {"functionCall": {"name": "add", "args": {"a": 2, "b": 40}}, "thoughtSignature": "g1"}
    ]
    assert contents[2]["parts"] == [{"functionResponse": {"name": "add", "response": {"result": "42"}}}]


def test_responses_get_their_sealed_reasoning_back() -> None:
    reasoning = {"type": "reasoning", "id": "r1", "summary": [], "encrypted_content": "e", "status": "completed"}
    wanted = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": ARGUMENTS}
    answer = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is 42."}]}

    def reply(*output: Any) -> Reply:
        body = {"object": "response", "id": "1", "model": "m", "status": "completed", "output": output}
        return Reply([json.dumps(body).encode()], headers=(("content-type", "application/json"),))

    async def work() -> Any:
        transport = ScriptedTransport({"m": [reply(reasoning, wanted), reply(answer)]})
        program = bamlet.compile_sources({"main.baml": SOURCE.replace("PROVIDER", "openai-responses")})
        async with bamlet.AsyncRuntime(program, transport=transport, clock=LoopClock(), environ={}) as runtime:
            assert await runtime.call("Assist", q="2 + 40?") == "It is 42."
            return transport.bodies[1]["input"]

    sealed = {name: value for name, value in reasoning.items() if name != "status"}
    assert run_virtual(work())[1:] == [
        sealed,
        wanted,
        {"type": "function_call_output", "call_id": "c1", "output": "42"},
    ]
