"""The whole way of a streamed agent in three wire formats: bytes of a provider, its adapter, the client, the loop
and the callback of the host. Calls that are cut anywhere, answers that break off with what they had, limits of
silence, and readers that are slow.

Bytes, callbacks and memory are outside of what a program can see. Time is virtual.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest

import bamlet
from bamlet import LLMResponse, StreamChunk, StreamChunkType
from bamlet.wire.message import BrokenBody
from tests.agents.test_wire import ARGUMENTS, DIALECTS, SOURCE, SSE
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, run_virtual

ON_THE_WAY = ("ChunkSaid", "PartialArguments", "PartialAnswer")
PROGRAM = """
retry_policy Again { max_retries 1 }
"""


def program(provider: str, *, retries: bool) -> bamlet.Program:
    source = SOURCE.replace("PROVIDER", provider)
    if retries:
        source = source.replace("{ provider", "{ retry_policy Again, provider") + PROGRAM
    found = bamlet.compile_sources({"main.baml": source})
    assert not found.diagnostics
    return found


class Heard:
    """A run, and what its host has heard of it by a callback."""

    def __init__(self, provider: str, *replies: Reply, retries: bool = False, **limits: float) -> None:
        self.events: list[Any] = []
        self.error: bamlet.BamlError | None = None
        self.value: Any = None
        self._limits = limits
        self.transport = ScriptedTransport({model: list(replies) for model in ("m", "")})
        run_virtual(self._run(program(provider, retries=retries)))

    async def _run(self, program: bamlet.Program) -> None:
        context = bamlet.CallContext(
            on_event=self.events.append, timeouts=bamlet.Timeouts(**self._limits) if self._limits else None
        )
        runtime = bamlet.AsyncRuntime(program, transport=self.transport, clock=LoopClock(), environ={})
        async with runtime:
            try:
                self.value = await runtime.call("Assist", q="2 + 40?", context=context)
            except bamlet.BamlError as error:
                self.error = error
            assert (runtime.handles.open_count, self.transport.open_answers) == (0, 0)

    def names(self) -> list[str]:
        """In their order, those that repeat once."""
        return [name for name, _ in groupby(event.name for event in self.events)]

    def steps(self) -> Iterator[LLMResponse]:
        """What the model has said in each step, put together from its pieces."""
        said = [event for event in self.events if event.name == "ChunkSaid"]
        for _, chunks in groupby(said, key=lambda event: event.step):
            yield LLMResponse.from_chunks([event.chunk for event in chunks])

    def tools_run(self) -> int:
        return sum(event.name == "ToolStarted" for event in self.events)


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def frames(body: bytes) -> list[bytes]:
    """The events of a stream."""
    return [frame + b"\n\n" for frame in body.split(b"\n\n") if frame]


def slowly(events: list[bytes], *end: Exception) -> Reply:
    """Each event by itself: those that come together are heard together."""
    return Reply([part for event in events for part in (event, Wait(0.01))] + list(end), headers=SSE)


def whole(body: bytes, size: int = 1 << 20) -> Reply:
    return Reply(pieces(body, size), headers=SSE)


@pytest.mark.parametrize("provider", DIALECTS)
class TestThreeWireFormats:
    def test_every_cut_says_the_same(self, provider: str) -> None:
        made = DIALECTS[provider]
        for size in (1 << 20, 1, 3):
            heard = Heard(provider, whole(made(True), size), whole(made(False), size))
            assert heard.value == "It is 42."
            first, second = heard.steps()
            assert [(call.name, json.loads(call.arguments)) for call in first.tool_calls] == [
                ("add", {"a": 2, "b": 40})
            ]
            assert (second.text, second.error, second.finish_reason) == ("It is 42.", None, "stop")
            acts = [
                name for name in heard.names() if name not in ("ChunkSaid", "PartialArguments", "PartialAnswer")
            ]
            step = ["StepStarted", "StepEnded"]
            assert acts == [*step, "ToolStarted", "ToolEnded", *step, "Ended"]

    def test_arguments_are_typed_while_they_come(self, provider: str) -> None:
        made = DIALECTS[provider]
        heard = Heard(provider, slowly(frames(made(True))), whole(made(False)))
        shown = [event.value for event in heard.events if event.name == "PartialArguments"]
        assert shown[-1] == {"a": 2, "b": 40}
        if provider != "google-ai":  # it gives them in one piece
            assert {"a": 2, "b": None} in shown
            places = [at for at, event in enumerate(heard.events) if event.name == "PartialArguments"]
            # Each follows the piece that has brought it.
            assert all(heard.events[at - 1].name == "ChunkSaid" for at in places)

    def test_an_answer_that_breaks_off_anywhere_is_asked_for_again(self, provider: str) -> None:
        made = DIALECTS[provider]
        events = frames(made(True))
        for kept in range(1, len(events)):
            broken = slowly(events[:kept], BrokenBody("gone"))
            heard = Heard(provider, broken, whole(made(True)), whole(made(False)), retries=True)
            assert heard.value == "It is 42."
            # Nothing of the attempt that broke was run. A model that has come to its end has said all, and the
            # connection may break behind that: then what follows is its second step.
            resets = heard.names().count("StepReset")
            assert (resets, heard.tools_run()) in ((1, 1), (0, 2))

    def test_without_another_attempt_there_is_what_there_was(self, provider: str) -> None:
        made = DIALECTS[provider]
        broken = Reply([*frames(made(True))[:1], BrokenBody("gone")], headers=SSE)
        if provider == "google-ai":
            broken = Reply([BrokenBody("gone")], headers=SSE)  # its only event is the whole answer
        heard = Heard(provider, broken)
        assert isinstance(heard.error, bamlet.BamlClientError)
        assert heard.error.state is not None
        assert heard.error.state.messages == []
        assert heard.tools_run() == 0
        assert heard.error.spent is not None
        assert heard.error.spent.source != "exact"

    def test_a_provider_that_fails_inside_of_its_stream(self, provider: str) -> None:
        failure = {"error": {"type": "overloaded_error", "message": "too busy", "code": 529}}
        kind = {"type": "error"} if provider == "anthropic" else {}
        body = f"data: {json.dumps({**kind, **failure})}\n\n".encode()
        begun = frames(DIALECTS[provider](True))[:-1][:3]
        heard = Heard(provider, Reply([*begun, body], headers=SSE))
        assert heard.error is not None
        assert "too busy" in str(heard.error)
        for said in heard.steps():
            assert said.error is not None
            assert not said.tool_calls  # none has ended

    def test_silence_between_two_pieces_has_a_limit(self, provider: str) -> None:
        made = DIALECTS[provider]
        first, *rest = frames(made(False))
        silent = Reply([first[:-1], Wait(60), first[-1:], *rest], headers=SSE)
        heard = Heard(provider, silent, whole(made(False)), retries=True, idle=2, first_token=2)
        assert heard.value == "It is 42."
        alone = Heard(provider, silent, idle=2, first_token=2)
        assert isinstance(alone.error, bamlet.BamlTimeoutError)
        assert alone.error.timeout_type in ("idle", "first_token")


def test_a_reader_that_is_slow_stops_the_socket() -> None:
    """Of ten megabytes, no more is taken than the buffers hold."""
    taken = 0
    size = 10_000

    class Parts(list[bytes]):
        def __iter__(self) -> Iterator[bytes]:
            nonlocal taken
            chunk = {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"content": "x" * size}}]}
            for _ in range(1_000):
                taken += size
                yield f"data: {json.dumps(chunk)}\n\n".encode()

    async def work() -> None:
        transport = ScriptedTransport({"m": Reply(Parts(), headers=SSE)})
        found = program("openai", retries=False)
        async with bamlet.AsyncRuntime(found, transport=transport, clock=LoopClock(), environ={}) as runtime:
            stream = runtime.stream("Assist", q="?", partials="every")
            events = stream.agent_events()
            seen = 0
            async for event in events:
                seen += event.name == "ChunkSaid"
                if seen == 3:
                    break
            for _ in range(10_000):
                await asyncio.sleep(0)  # whoever can go on has gone on
            held = taken
            await stream.aclose()
            assert (runtime.handles.open_count, transport.open_answers) == (0, 0)
            # A megabyte of events that are read ahead, and the chunks that wait for the reader.
            assert held <= (1 << 20) + 2 * 64 * size

    run_virtual(work())


def test_chunks_of_a_stream_are_its_answer() -> None:
    body = frames(DIALECTS["anthropic"](True))

    async def work() -> list[StreamChunk]:
        transport = ScriptedTransport({"m": [Reply(body, headers=SSE), whole(DIALECTS["anthropic"](False))]})
        found = program("anthropic", retries=False)
        async with bamlet.AsyncRuntime(found, transport=transport, clock=LoopClock(), environ={}) as runtime:
            return [chunk async for chunk in runtime.stream("Assist", q="?").chunks()]

    chunks = run_virtual(work())
    second = [at for at, chunk in enumerate(chunks) if chunk.type == StreamChunkType.START][1]
    calls, answer = LLMResponse.from_chunks(chunks[:second]), LLMResponse.from_chunks(chunks[second:])
    assert (calls.reasoning, calls.tool_calls[0].arguments) == ("2 and 40", ARGUMENTS)
    assert (answer.text, answer.tool_calls) == ("It is 42.", ())
