"""Thousands of calls, stopped at random moments, leave nothing: no handle, task, socket or object.

`make test` makes 2,000 on a script and 300 over each engine's sockets, `make nightly` 10,000: `BAMLET_CALLS`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import bamlet
from bamlet.sysops.answers import Answer as ModelAnswer
from bamlet.sysops.attempts import Attempt
from bamlet.sysops.sink import Sink
from bamlet.sysops.voices import Voice
from bamlet.wire.message import BrokenBody, HttpOptions
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks
from tests.support.exchanges import ENGINES
from tests.support.local_program import at, environ, program
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, refused, run_virtual, said, streamed

CALLS = int(os.environ.get("BAMLET_CALLS", "2000"))
SOCKET_CALLS = CALLS if CALLS > 2000 else 300
AT_ONCE = 20


async def ask(rt: bamlet.AsyncRuntime, chance: random.Random, longest: float) -> None:
    """One call, in any way, left in any way at any moment."""
    abort = bamlet.AbortController()
    deadline = chance.uniform(0.001, 3 * longest)
    context = bamlet.CallContext(client=chance.choice(["Local", "Retried"]), cancel=abort, deadline=deadline)
    way = chance.choice(["call", "final", "leave", "read"])
    work = asyncio.ensure_future(_ask(rt, way, context))
    stop = chance.choice([None, work.cancel, abort.abort])
    timer = None if stop is None else asyncio.get_running_loop().call_later(chance.uniform(0, longest), stop)
    try:
        await work
    except (bamlet.BamlError, asyncio.CancelledError):
        pass
    finally:
        if timer is not None:
            timer.cancel()


async def _ask(rt: bamlet.AsyncRuntime, way: str, context: bamlet.CallContext) -> None:
    if way == "call":
        await rt.call("Say", text="x", context=context)
        return
    async with rt.stream("Say", text="x", context=context) as stream:
        if way == "final":
            await stream.final()
            return
        async for _ in stream:
            if way == "leave":
                break


HALF = tuple(streamed("some ", finish=None).parts)


def replies(chance: random.Random) -> Iterator[Reply]:
    """Each with an exception of its own: one that is raised again would keep the frames of all its tracebacks."""
    while True:
        yield chance.choice(
            [
                streamed("some ", "text"),
                Reply([*HALF, Wait(0.3), *streamed("text").parts], head_delay=0.2),
                Reply([*HALF, Wait(0.1), BrokenBody("cut")]),
                Reply([Wait(0.2)]),
                said("whole", head_delay=0.3),
                refused(500, head_delay=0.1),
            ]
        )


class Endless(ScriptedTransport):
    """The script goes on for ever, and nothing of it is remembered."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__({})
        self._endless = replies(chance)

    async def open(self, request: Any, *, connect_timeout: float | None) -> Any:
        self._replies = {name: [next(self._endless)] for name in ("Local", "Retried")}
        self.sent.clear()
        self.bodies.clear()
        return await super().open(request, connect_timeout=connect_timeout)

    def forget(self) -> None:
        """An answer that broke holds its exception, whose traceback holds the frames of all that read it."""
        self._replies.clear()


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.timeout(3600 if CALLS > 2000 else 120)
def test_calls_stopped_at_random_leave_nothing() -> None:
    chance = random.Random(5)

    async def body() -> None:
        transport = Endless(chance)
        async with bamlet.AsyncRuntime(
            program(), transport=transport, clock=LoopClock(), environ=environ("http://scripted")
        ) as rt:
            alone = asyncio.all_tasks()
            left = []
            for _ in range(4):
                for _ in range(CALLS // 4 // AT_ONCE):
                    await asyncio.gather(*(ask(rt, chance, 1.0) for _ in range(AT_ONCE)))
                assert asyncio.all_tasks() == alone
                assert (rt.handles.open_count, transport.open_answers) == (0, 0)
                transport.forget()
                left.append(objects())
            # An object in five calls would be one that only a rare way leaves. What is kept once may come late.
            assert left[-1] < left[0] + CALLS // 5

    run_virtual(body())


KEPT = (Attempt, ModelAnswer, Sink, Voice)


def kept() -> int:
    return sum(isinstance(found, KEPT) for found in gc.get_objects())


def test_a_call_leaves_no_circle() -> None:
    """What refers to itself stays until the collector comes by: it came for every twentieth call."""

    async def body() -> None:
        transport = ScriptedTransport({"Local": [said("whole")]})
        async with bamlet.AsyncRuntime(
            program(), transport=transport, clock=LoopClock(), environ=environ("http://scripted")
        ) as rt:
            context = bamlet.CallContext(client="Local")
            await rt.call("Say", text="x", context=context)
            before = kept()
            for _ in range(50):
                await rt.call("Say", text="x", context=context)
            assert kept() < before + 10

    run_virtual(body())


def open_sockets(server: LoopbackServer) -> int:
    return sum(one.socket.fileno() != -1 and one.client_left_at is None for one in server.connections)


async def soon(holds: Callable[[], bool]) -> bool:
    """Whether it holds within five seconds."""
    for _ in range(500):
        if holds():
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.timeout(3600 if CALLS > 2000 else 120)
def test_calls_over_sockets_stopped_at_random_leave_no_socket(loopback: LoopbackServer, engine: Any) -> None:
    chance = random.Random(6)
    half, rest = openai_chunks(["some "], None)[:-1], openai_chunks(["text"])
    answers = [
        Answer([*half, *rest]),
        Answer([*half, Pause(0.02), *rest], head_delay=0.01),
        Answer([*half, Pause(0.01)], end="reset"),
        Answer(half, end="open"),
        Answer([b'{"error": {"message": "no"}}'], 500, framing="length"),
    ]

    async def body() -> None:
        async with at(loopback, transport=HttpOptions(engine=engine)) as rt:
            alone = asyncio.all_tasks()
            for _ in range(SOCKET_CALLS // AT_ONCE):
                loopback.answer(*(chance.choice(answers) for _ in range(3 * AT_ONCE)))
                await asyncio.gather(*(ask(rt, chance, 0.06) for _ in range(AT_ONCE)))
                assert rt.handles.open_count == 0
                assert await soon(lambda: asyncio.all_tasks() == alone)
            # What is left is what the pool keeps for another exchange.
            assert await soon(lambda: open_sockets(loopback) <= 3 * AT_ONCE)
        assert await soon(lambda: open_sockets(loopback) == 0)

    asyncio.run(body())
