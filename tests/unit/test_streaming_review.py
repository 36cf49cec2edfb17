"""What streaming is known to get wrong, each by name, over a real socket.

An early stop at the terminal event, closing on every way out, failures inside the envelope of retry and fallback,
and what may be shown when.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pytest

import bamlet
from bamlet.embed.stream import Partial, Tick
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks
from tests.support.local_program import at, blocking_at, environ, program, scripted, using
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, run_virtual, said, streamed

LEAVE_SECONDS = 5.0  # a socket that nobody closes would be waited for a minute


def run(body: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(body, 20))


async def say(rt: bamlet.AsyncRuntime, client: str = "Local", **options: Any) -> tuple[list[Any], Any]:
    """What a stream shows, and its value; nothing may be left open."""
    stream = rt.stream("Say", text="x", context=bamlet.CallContext(client=client, **options), partials="every")
    try:
        shown = [event.value async for event in stream.events(ticks=False) if isinstance(event, Partial)]
        return shown, await stream.final()
    finally:
        assert rt.handles.open_count == 0


# --- the end of a stream


def test_the_loop_ends_at_the_terminal_event_while_the_socket_is_held_open(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["all ", "there"]), end="open"))

    async def body() -> float:
        async with at(loopback) as rt:
            before = asyncio.get_running_loop().time()
            assert (await say(rt))[1] == "all there"
            return asyncio.get_running_loop().time() - before

    assert run(body()) < LEAVE_SECONDS
    assert loopback.wait_client_left(2) >= 0


@pytest.mark.parametrize("end", ["clean", "incomplete_chunked", "reset"])
def test_a_stream_cut_off_is_no_success_and_stays_inside_the_envelope(loopback: LoopbackServer, end: Any) -> None:
    cut = Answer(openai_chunks(["ha", "lf"], None)[:-1], end=end)
    loopback.answer(cut, Answer(openai_chunks(["whole"])), cut)

    async def body() -> None:
        async with at(loopback) as rt:
            assert (await say(rt, "Retried"))[1] == "whole"
            with pytest.raises(bamlet.BamlClientError) as raised:
                await say(rt)
            assert [attempt.cause for attempt in raised.value.attempts] in (["truncated"], ["network"])

    run(body())


def test_a_reader_that_fails_ends_the_stream_for_whoever_waits(loopback: LoopbackServer) -> None:
    garbage = b"zz not a chunk size\r\n"
    loopback.answer(Answer([*openai_chunks(["good"], None)[:-1], Pause(0.05)], framing="chunked", end="reset"))
    loopback.answer(Answer([garbage], framing="close", headers=(("transfer-encoding", "chunked"),)))

    async def body() -> None:
        async with at(loopback) as rt:
            for _ in range(2):
                with pytest.raises(bamlet.BamlClientError):
                    await asyncio.wait_for(say(rt), 5)
                assert rt.handles.open_count == 0

    run(body())


# --- closing on every way out


@pytest.mark.parametrize("where", ["on_partial", "on_tick", "on_delta"])
def test_a_callback_that_raises_closes_the_socket_and_reaches_the_caller(
    loopback: LoopbackServer, where: str
) -> None:
    loopback.answer(Answer([*openai_chunks(["a", "b"], None)[:-1], Pause(30)]))

    def refuse(shown: Any) -> None:
        raise LookupError("mine")

    callbacks: dict[str, Any] = {where: refuse}

    async def body() -> None:
        async with at(loopback) as rt:
            with pytest.raises(LookupError, match="mine"):
                await rt.call("Say", text="x", context=bamlet.CallContext(**callbacks))
            assert rt.handles.open_count == 0
            await asyncio.to_thread(loopback.wait_client_left, LEAVE_SECONDS)

    run(body())


def test_an_answer_that_does_not_fit_closes_the_socket(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["no json"]), end="open"))

    async def body() -> None:
        async with at(loopback) as rt:
            with pytest.raises(bamlet.BamlValidationError):
                await rt.stream("Make", text="x").final()
            assert rt.handles.open_count == 0
            await asyncio.to_thread(loopback.wait_client_left, LEAVE_SECONDS)

    run(body())


def test_a_failure_poisons_nothing(loopback: LoopbackServer) -> None:
    """The same runtime goes on after a callback, a server and a stop have ended calls in the middle."""
    loopback.answer(
        Answer([*openai_chunks(["a"], None)[:-1], Pause(30)]),
        Answer(openai_chunks(["a"], None)[:-1], end="reset"),
        Answer([*openai_chunks(["a"], None)[:-1], Pause(30)]),
        Answer(openai_chunks(["fine"])),
    )

    def refuse(value: Any) -> None:
        raise LookupError

    with blocking_at(loopback) as rt:
        with pytest.raises(LookupError):
            rt.call("Say", text="x", context=bamlet.CallContext(on_partial=refuse))
        with pytest.raises(bamlet.BamlClientError):
            rt.stream("Say", text="x").final()
        for _ in rt.stream("Say", text="x"):
            break
        assert rt.stream("Say", text="x").final() == "fine"
        assert rt.asynchronous.handles.open_count == 0


# --- before connecting


@pytest.mark.parametrize("how", ["call", "stream"])
def test_a_provider_that_there_is_not_is_an_error_before_connecting(loopback: LoopbackServer, how: str) -> None:
    async def body() -> None:
        async with at(loopback) as rt:
            context = using("nowhere/model")
            work = rt.call if how == "call" else lambda *a, **o: rt.stream(*a, **o).final()
            with pytest.raises(bamlet.BamlInvalidArgumentError, match="nowhere"):
                await work("Say", text="x", context=context)

    run(body())
    assert loopback.requests == []


@pytest.mark.parametrize("kind", ["RoundRobin", "Fallback", "Strategy"])
def test_a_composite_without_members_is_an_error_and_no_division_by_zero(kind: str) -> None:
    source = """
        function main() -> string {
          let empty = baml.llm.Client {
            name: "Empty",
            client_type: baml.llm.ClientType.KIND,
            sub_clients: [],
            retry: null,
            total_timeout_ms: null,
            strategy: null,
          };
          let call = baml.llm.ExecutionContext {
            function_name: "f",
            args: {},
            output: baml.llm.get_return_type("main"),
            streams: true,
            started_ms: 0,
            starts: false,
            attempts: [],
            total_ms: null,
            total_since_ms: 0,
          };
          let planned = baml.llm.build_plan(empty) catch (e) {
            wrong: baml.errors.InvalidArgument => { wrong.message }
          };
          baml.llm.execute_client(empty, call) catch (e) {
            wrong: baml.errors.InvalidArgument => { return wrong.message; }
          };
          "no error"
        }
    """
    compiled = bamlet.compile_sources({"empty.baml": source.replace("KIND", kind)})
    with bamlet.Runtime(compiled) as rt:
        assert rt.call("main") == "client `Empty` has no members"


# --- what is shown


def test_partials_grow_and_the_last_one_is_the_value(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks([f"{n} " for n in range(50)])))

    async def body() -> None:
        async with at(loopback) as rt:
            shown, value = await say(rt)
            assert len(shown) >= 2
            assert all(later.startswith(earlier) and later != earlier for earlier, later in pairwise(shown))
            assert shown[-1] == value

    run(body())


def test_events_without_text_show_no_partial(loopback: LoopbackServer) -> None:
    """The role, the finish and the usage are ticks, and none of them a partial value."""
    loopback.answer(Answer([part for chunk in openai_chunks(["text"]) for part in (chunk, Pause(0.02))]))

    async def body() -> None:
        async with at(loopback) as rt:
            events = [event async for event in rt.stream("Say", text="x", partials="every").events()]
            assert [event.value for event in events if isinstance(event, Partial)] == ["text"]
            assert sum(isinstance(event, Tick) for event in events) >= 3

    run(body())


# --- the final value alone


@pytest.mark.parametrize("partials", ["every", "deltas"])
def test_the_final_value_alone_is_not_held_up_by_what_nobody_reads(partials: Any) -> None:
    pieces = [f"{number} " for number in range(200)]

    async def body() -> None:
        rt, _ = scripted({"Local": [slowly(pieces), slowly(pieces[:10])]})
        async with rt:
            stream = rt.stream("Say", text="x", partials=partials)
            assert (await stream.final()).endswith("199 ")
            with pytest.raises(RuntimeError, match="went by"):
                aiter(stream)
            short = rt.stream("Say", text="x", partials=partials)
            assert await short.final() == "0 1 2 3 4 5 6 7 8 9 "
            assert len([value async for value in short]) == 10

    run_virtual(body())


def test_whoever_reads_beside_one_who_waits_for_the_final_value_misses_nothing() -> None:
    pieces = [f"{number} " for number in range(200)]

    async def body() -> None:
        rt, _ = scripted({"Local": slowly(pieces)})
        async with rt:
            stream = rt.stream("Say", text="x", partials="deltas")
            final = asyncio.create_task(stream.final())
            await asyncio.sleep(0.01)
            texts: list[str] = []
            async for text in stream:
                texts.append(text)
                await asyncio.sleep(0.01)
            assert "".join(texts) == await final

    run_virtual(body())


def test_a_stop_that_comes_while_the_call_is_being_made_is_heard() -> None:
    class StopsMeanwhile(LoopClock):
        stream: Any = None

        def now(self) -> float:
            if self.stream is not None:
                self.stream.cancel()
            return super().now()

    clock = StopsMeanwhile()

    async def body() -> None:
        transport = ScriptedTransport({"Local": streamed("never")})
        url = environ("http://scripted")
        async with bamlet.AsyncRuntime(program(), transport=transport, clock=clock, environ=url) as rt:
            clock.stream = rt.stream("Say", text="x")
            with pytest.raises(bamlet.BamlAbortError):
                await clock.stream.final()
            assert transport.sent == []

    run_virtual(body())


def slowly(pieces: list[str]) -> Reply:
    """An answer whose pieces come one by one."""
    return Reply([part for chunk in openai_chunks(pieces, "stop", None) for part in (chunk, Wait(0.001))])


# --- many calls


def test_a_loop_of_calls_inside_of_one_closes_each_before_the_next() -> None:
    class Peak:
        now = most = 0

        def opened(self, handle: Any) -> None:
            self.now += 1
            self.most = max(self.most, self.now)

        def closed(self, handle: Any) -> None:
            self.now -= 1

    source = """
        client<llm> A { provider openai-generic, options { base_url "http://test", model A } }
        function Say(text: string) -> string { client A, prompt #"{{ text }}"# }
        function Loop(n: int) -> int {
          for (let i = 0; i < n; i += 1) { baml.llm.stream_llm_function("Say", {"text": "x"}); }
          n
        }
    """
    peak = Peak()

    async def body() -> None:
        transport = ScriptedTransport({"A": streamed("yes")})
        compiled = bamlet.compile_sources({"loop.baml": source})
        async with bamlet.AsyncRuntime(compiled, transport=transport, clock=LoopClock(), environ={}) as rt:
            rt.handles.watcher = peak
            assert await rt.call("Loop", n=200) == 200

    run_virtual(body())
    assert (peak.now, peak.most) == (0, 3)


def test_many_calls_leave_no_objects_behind() -> None:
    async def calls(count: int) -> None:
        transport = ScriptedTransport({"Local": [streamed("a", "b"), said("c")] * count})
        async with bamlet.AsyncRuntime(
            program(), transport=transport, clock=LoopClock(), environ=environ("http://scripted")
        ) as rt:
            for _ in range(count):
                async with rt.stream("Say", text="x") as stream:
                    async for _ in stream:
                        break
                await rt.call("Say", text="x")

    def left(count: int) -> int:
        run_virtual(calls(count))
        gc.collect()
        return len(gc.get_objects())

    few = max(left(50), left(50))
    assert left(500) < few + 200
