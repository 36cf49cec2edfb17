"""Events that are taken in by the turn of a loop that has read their socket, without a step of who waits for them.

In which turn something happens cannot be seen from the language.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, ClassVar

import pytest

import bamlet
from bamlet.sysops.deadlines import Deadlines
from bamlet.sysops.registry import Failure
from bamlet.sysops.sse import MAX_BUFFERED_EVENTS, SseStream
from bamlet.wire.message import BrokenBody, Listener
from bamlet.wire.sse import Event
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.support.local_program import at, scripted
from tests.support.scripted import Reply, Wait, run_virtual, streamed

PHASES = ("connect", "first_token", "idle", "request", "total")


class Pushed:
    """An answer of which the test says what comes."""

    status, http_version, headers, pushes = 200, "HTTP/1.1", (), True

    def __init__(self) -> None:
        self.told: list[str] = []

    def push_to(self, listener: Listener) -> None:
        self.listener = listener

    def comes(self, *data: str) -> None:
        self.listener.on_bytes("".join(f"data: {text}\n\n" for text in data).encode())

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")

    def leave(self) -> None: ...

    async def aclose(self) -> None: ...


class Context:
    class space:
        classes: ClassVar = {"baml.http.SseEvent": Event}

    class host:
        hide = staticmethod(str)


def streaming(answer: Any, *, one_by_one: bool = True, idle: float | None = None) -> SseStream:
    limits = Deadlines(0.0, 0.0, {**dict.fromkeys(PHASES), "idle": idle}, None)
    context: Any = Context()
    return SseStream(context, answer, "", limits, one_by_one=one_by_one)


class Taker:
    """Takes so many turns."""

    def __init__(self, turns: int) -> None:
        self.turns = turns
        self.taken: list[str] = []

    def __call__(self, events: list[Event]) -> bool:
        self.taken += [event.data for event in events]
        self.turns -= 1
        return self.turns > 0


def running(body: Coroutine[Any, Any, None]) -> None:
    run_virtual(body)


def test_what_comes_is_taken_at_once_and_in_order() -> None:
    async def body() -> None:
        answer, taker = Pushed(), Taker(4)
        stream = streaming(answer)
        answer.comes("0")
        assert not await stream.hand(taker), "what is there already is for who asks"
        assert [event.data for event in stream.take() or []] == ["0"]
        handing = asyncio.ensure_future(stream.hand(taker))
        await asyncio.sleep(0)
        answer.comes("1")
        answer.comes("2", "3")
        assert taker.taken == ["1", "2", "3"]
        answer.comes("4", "5")
        answer.comes("6")  # before whoever waits has had a turn
        assert taker.taken == ["1", "2", "3", "4"]
        assert await handing
        assert [[event.data for event in await stream.next() or []] for _ in "56"] == [["5"], ["6"]]
        await stream.aclose()

    running(body())


def test_whoever_was_cancelled_takes_nothing_more() -> None:
    async def body() -> None:
        answer, taker = Pushed(), Taker(9)
        stream = streaming(answer)
        handing = asyncio.ensure_future(stream.hand(taker))
        await asyncio.sleep(0)
        answer.comes("1")
        handing.cancel()
        answer.comes("2")
        assert taker.taken == ["1"]
        with pytest.raises(asyncio.CancelledError):
            await handing
        assert [event.data for event in await stream.next() or []] == ["2"]
        await stream.aclose()

    running(body())


def test_of_two_who_wait_neither_starves() -> None:
    async def body() -> None:
        answer, taker = Pushed(), Taker(9)
        stream = streaming(answer)
        handing = asyncio.ensure_future(stream.hand(taker))
        await asyncio.sleep(0)
        other = asyncio.ensure_future(stream.next())
        await asyncio.sleep(0)
        answer.comes("1")
        assert [event.data for event in await other or []] == ["1"]
        assert await handing
        assert taker.taken == []
        other = asyncio.ensure_future(stream.next())
        await asyncio.sleep(0)
        assert not await stream.hand(taker)
        answer.comes("2")
        assert [event.data for event in await other or []] == ["2"]
        await stream.aclose()

    running(body())


def test_the_end_ends_it_and_so_does_silence() -> None:
    async def body() -> None:
        answer, taker = Pushed(), Taker(9)
        stream = streaming(answer)
        handing = asyncio.ensure_future(stream.hand(taker))
        await asyncio.sleep(0)
        answer.comes("1")
        answer.listener.on_bytes(b"data: [DONE]")
        answer.listener.on_end(None)
        assert await handing
        assert taker.taken == ["1", "[DONE]"]
        assert await stream.next() is None

        answer = Pushed()
        stream = streaming(answer, idle=3)
        handing = asyncio.ensure_future(stream.hand(taker))
        await asyncio.sleep(2)
        answer.comes("2")
        await asyncio.sleep(2)
        assert not handing.done(), "it is silent since the last event"
        assert await handing
        with pytest.raises(Failure):
            await stream.next()
        assert asyncio.get_running_loop().time() == pytest.approx(5)
        await stream.aclose()

    running(body())


def test_a_source_is_stopped_where_nobody_takes() -> None:
    async def body() -> None:
        answer, taker = Pushed(), Taker(2)
        stream = streaming(answer)
        handing = asyncio.ensure_future(stream.hand(taker))
        await asyncio.sleep(0)
        answer.comes("1")
        answer.comes(*["x"] * (MAX_BUFFERED_EVENTS + 2))
        assert await handing
        assert stream.take()
        assert answer.told == ["pause"]
        assert stream.take()
        assert answer.told == ["pause", "resume"]
        await stream.aclose()

    running(body())


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_a_round_is_counted_however_events_come(pause: float) -> None:
    chunks = streamed(*["word "] * 20).parts
    parts = [part for chunk in chunks for part in (chunk, Wait(pause))] if pause else chunks
    limits = bamlet.CallContext(max_steps=10)
    shown = []

    async def body() -> None:
        runtime, _ = scripted({"Local": Reply(parts)})
        async for text in runtime.stream("Say", text="x", partials="every", context=limits):
            shown.append(text)

    with pytest.raises(bamlet.BamlAbortError, match="budget of 10 steps"):
        run_virtual(body())
    assert len(shown) == 9  # the first event of the answer says nothing


def test_a_wait_that_fails_is_a_round_as_in_the_program() -> None:
    """Which reads the answer by itself where its operations are watched."""
    parts = [*streamed("one ", "two ", "three", finish=None).parts, BrokenBody("cut")]

    def limited(limit: int) -> bamlet.CallContext:
        return bamlet.CallContext(max_steps=limit)

    async def outcome(limit: int, **watched: Any) -> str:
        runtime, _ = scripted({"Local": Reply(parts)}, **watched)
        with pytest.raises(bamlet.BamlError) as failure:
            # Each event by itself: of those that come together, the program makes one round.
            async for _ in runtime.stream("Say", text="x", partials="every", context=limited(limit)):
                pass
        return type(failure.value).__name__

    async def body() -> None:
        limits = range(1, 10)
        found = [await outcome(limit) for limit in limits]
        assert found == [await outcome(limit, trace=[].append) for limit in limits]
        assert set(found) == {"BamlAbortError", "BamlClientConnectionError"}

    run_virtual(body())


def test_what_is_the_hosts_runs_in_the_context_of_its_call(loopback: LoopbackServer) -> None:
    """And not in that of the call which has opened the connection."""
    whose = ContextVar("whose", default="nobody's")
    heard: list[str] = []
    choice = {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
    headers = (("content-type", "application/json"),)
    loopback.answer(Answer([json.dumps({"choices": [choice]}).encode()], headers=headers, framing="length"))
    loopback.answer(Answer(openai_chunks(["one ", "two ", "three"])))

    async def body() -> None:
        async with at(loopback) as runtime:
            whose.set("the first call's")
            await runtime.call("Say", text="x")
            whose.set("the second call's")
            context = bamlet.CallContext(on_partial=lambda value: heard.append(whose.get()))
            await runtime.stream("Say", text="x", partials="every", context=context).final()

    asyncio.run(asyncio.wait_for(body(), 30))
    assert len(loopback.connections) == 1
    assert set(heard) == {"the second call's"}
