"""What a host hears of an agent while it runs, and answers put together from their pieces. Time is virtual.

Streams, callbacks and the pieces of an answer are the host's, and outside of what a program can see.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import bamlet
from bamlet import LLMResponse, StreamChunk, StreamChunkType
from bamlet.testing.script import Scripted, call, calls, fail, say, script
from tests.agents.test_loop import program
from tests.support.scripted import LoopClock, run_virtual

ANSWERS: tuple[Scripted, ...] = (
    calls(call("wait", {"ms": 2000}), call("Sum", {"text": "a b"}), text="I look."),
    say('{"count": 2}'),
    say("Two."),
)


def heard(*answers: Scripted, function: str = "Assist") -> list[Any]:
    async def run() -> list[Any]:
        transport = script(*answers)
        async with bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={}) as runtime:
            stream = runtime.stream(function, q="?", partials="every")
            found = [event async for event in stream.agent_events()]
            assert runtime.handles.open_count == 0
            return found

    return run_virtual(run())


def test_what_an_agent_does_in_its_order() -> None:
    events = heard(*ANSWERS)
    acts = [event for event in events if event.name not in ("ChunkSaid", "PartialAnswer", "PartialArguments")]
    assert [(event.name, event.step) for event in acts] == [
        ("StepStarted", 1),
        ("StepEnded", 1),
        ("ToolStarted", 1),
        ("ToolStarted", 1),
        ("ToolEnded", 1),
        ("ToolEnded", 1),
        ("StepStarted", 2),
        ("StepEnded", 2),
        ("Ended", 2),
    ]
    assert {event.path for event in acts} == {("Assist",)}
    assert [event.result.name for event in acts if event.name == "ToolEnded"] == ["Sum", "wait"]
    assert acts[5].at - acts[2].at == pytest.approx(2.0)
    assert acts[-1].value == "Two."
    for event in events:
        json.dumps(event.data())


def test_what_the_model_says_belongs_to_its_step() -> None:
    said = {1: "", 2: ""}
    for event in heard(*ANSWERS):
        if event.name == "ChunkSaid" and event.chunk.type == StreamChunkType.CONTENT:
            said[event.step] += event.chunk.text
    assert said == {1: "I look.", 2: "Two."}


def test_an_attempt_that_fails_in_its_middle_is_taken_back() -> None:
    broken = bamlet.embed.offline.Reply("I began to say", cut_at=0.5)
    names = [event.name for event in heard(broken, say("ok"))]
    assert names.count("StepReset") == 1
    assert names.count("StepStarted") == 1


def test_a_run_that_waits_says_for_what() -> None:
    async def run() -> list[Any]:
        found: list[Any] = []
        transport = script(calls(call("pay", {"amount": 70})))
        context = bamlet.CallContext(on_event=found.append)
        async with bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={}) as runtime:
            with pytest.raises(bamlet.BamlPaused):
                await runtime.call("Assist", q="?", context=context)
        return found

    events = run_virtual(run())
    assert [ask.tool for event in events if event.name == "ApprovalNeeded" for ask in event.asks] == ["pay"]


def test_what_a_callback_raises_ends_the_run() -> None:
    def refuse(event: Any) -> None:
        raise KeyError(event.name)

    async def run() -> None:
        context = bamlet.CallContext(on_event=refuse)
        async with bamlet.AsyncRuntime(
            program(), transport=script("ok"), clock=LoopClock(), environ={}
        ) as runtime:
            with pytest.raises(KeyError, match="StepStarted"):
                await runtime.call("Assist", q="?", context=context)
            assert runtime.handles.open_count == 0

    run_virtual(run())


def test_a_slow_reader_loses_nothing_and_holds_the_model_up() -> None:
    many = calls(*(call("wait", {"ms": n}) for n in range(60)))

    async def run() -> list[str]:
        transport = script(many, say("ok"))
        async with bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={}) as runtime:
            names = []
            async for event in runtime.stream("Assist", q="?").agent_events():
                names.append(event.name)
                await asyncio.sleep(1.0)
            return names

    names = run_virtual(run())
    assert (names.count("ToolStarted"), names.count("ToolEnded"), names[-1]) == (60, 60, "Ended")


# --- pieces


def pieces(*answers: Scripted, function: str = "Sum", **arguments: Any) -> list[StreamChunk]:
    async def run() -> list[StreamChunk]:
        transport = script(*answers)
        async with bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={}) as runtime:
            stream = runtime.stream(function, arguments)
            return [chunk async for chunk in stream.chunks()]

    return run_virtual(run())


def test_an_answer_is_what_its_pieces_say() -> None:
    found = LLMResponse.from_chunks(pieces(say('{"count": 2}'), text="a b"))
    assert found == LLMResponse(text='{"count": 2}', finish_reason="stop")
    first = pieces(*ANSWERS, function="Assist", q="?")
    end = next(at for at, chunk in enumerate(first) if chunk.type == "stop") + 1
    step = LLMResponse.from_chunks(first[:end])
    assert (step.text, step.finish_reason) == ("I look.", "tool_calls")
    assert [(one.name, json.loads(one.arguments)) for one in step.tool_calls] == [
        ("wait", {"ms": 2000}),
        ("Sum", {"text": "a b"}),
    ]
    # Of each beginning: the text so far, and never a call that did not end.
    for at in range(end):
        part = LLMResponse.from_chunks(first[:at])
        assert step.text.startswith(part.text)
        assert set(part.tool_calls) <= set(step.tool_calls)
        assert part.finish_reason is None


def test_the_pieces_of_an_attempt_that_failed_are_void() -> None:
    chunks = pieces(fail(500), say('{"count": 2}'), text="a b")
    assert LLMResponse.from_chunks(chunks).text == '{"count": 2}'
    started = StreamChunk("start")
    again = [started, StreamChunk("content", "x"), started, StreamChunk("content", "y")]
    assert LLMResponse.from_chunks(again) == LLMResponse(text="y")


def test_an_answer_that_broke_off_has_what_there_was() -> None:
    chunks = [StreamChunk("start"), StreamChunk("content", "half"), StreamChunk(StreamChunkType.ERROR, "no more")]
    assert LLMResponse.from_chunks(chunks) == LLMResponse(text="half", error="no more")


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([StreamChunk("content", "x")], "chunk 0: content before the start"),
        (
            [StreamChunk("start"), StreamChunk("tool_call_chunk", "{", 0)],
            "chunk 1: .* slot 0, which has not begun",
        ),
        ([StreamChunk("start"), StreamChunk("stop", "stop"), StreamChunk("content")], "chunk 2: .* after the end"),
    ],
)
def test_pieces_that_cannot_come_there(chunks: list[StreamChunk], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LLMResponse.from_chunks(chunks)


def test_a_piece_of_a_call_has_a_slot_and_no_other_has() -> None:
    with pytest.raises(ValueError, match="needs a slot"):
        StreamChunk("tool_call_start", name="f")
    with pytest.raises(ValueError, match="has no slot"):
        StreamChunk("content", "x", slot=0)


def test_a_busy_consumer_may_have_neighbours_merged() -> None:
    async def run(partials: Any) -> list[Any]:
        transport = script(say("one two three four five six seven eight"))
        runtime = bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={})
        async with runtime:
            found = []
            events = runtime.stream("Assist", q="?", partials="every").agent_events(partials=partials)
            async for event in events:
                found.append(event)
                await asyncio.sleep(1)  # whoever can go on has gone on
            return found

    every, latest = run_virtual(run("every")), run_virtual(run("latest"))
    assert len(latest) < len(every)

    def said(events: list[Any]) -> str:
        chunks = (event.chunk for event in events if event.name == "ChunkSaid")
        return "".join(chunk.text for chunk in chunks if chunk.type == StreamChunkType.CONTENT)

    assert said(latest) == said(every)
    merges = ("ChunkSaid", "PartialAnswer")
    acts = [[event.name for event in events if event.name not in merges] for events in (every, latest)]
    assert acts[0] == acts[1]


def test_ten_thousand_words_of_progress_wait_for_their_reader() -> None:
    """While nobody takes them the function of the host stands, so nothing is kept and nothing is lost."""
    source = """
client<llm> C { provider openai, options { model "m", api_key "k" } }
/// Counts.
function count(n: int) -> int throws baml.errors.HostCallable { $host }
function Assist(q: string) -> string { client C, tools [count], prompt #"{{ q }}"# }
"""
    told = 0

    async def count(n: int, context: bamlet.ToolContext) -> int:
        nonlocal told
        for told in range(n):
            await context.progress(told)  # type: ignore[misc]
        return n

    async def run() -> tuple[list[int], int]:
        transport = script(calls(call("count", {"n": 10_000})), say("ok"))
        compiled = bamlet.compile_sources({"main.baml": source})
        functions = {"count": count}
        runtime = bamlet.AsyncRuntime(
            compiled, functions=functions, transport=transport, clock=LoopClock(), environ={}
        )
        async with runtime:
            seen: list[int] = []
            ahead = 0
            event: Any
            async for event in runtime.stream("Assist", q="?").agent_events():
                if event.name == "ToolProgress":
                    seen.append(event.value)
                    ahead = max(ahead, told - event.value)
            return seen, ahead

    seen, ahead = run_virtual(run())
    assert seen == list(range(10_000))
    assert ahead <= 2 * 64 + 2  # what a queue holds, and what was taken of it together
