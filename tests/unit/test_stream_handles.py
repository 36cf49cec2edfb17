"""Condition 4 of streaming: every handle is closed by the scope that opened it, and its socket at once.

When a socket closes, and what a cancellation waits for, cannot be seen from inside a program.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import bamlet
from bamlet.interpreter.runtime.values import Handle
from bamlet.sysops.handles import HandleTable
from bamlet.sysops.host import resource
from bamlet.wire.closing import uninterrupted
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.support.local_program import at
from tests.support.scripted import ScriptedTransport, run_virtual, streamed

HELD_OPEN = Answer(openai_chunks(["begun"], None)[:-1], end="open")
LEAVE_SECONDS = 0.05
PROVIDERS = ["Local", "OpenAI"]


def run(body: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(body, 20))


# --- 4. Every handle is closed by the scope that opened it.


async def leave_by_break(rt: bamlet.AsyncRuntime) -> None:
    async for _ in rt.stream("Say", text="x", partials="every"):
        break


async def look(rt: bamlet.AsyncRuntime, then: Callable[[bamlet.AsyncStream], None], **options: Any) -> None:
    """Show the first partial to somebody who reacts to it."""
    stream = rt.stream("Say", text="x", partials="every", **options)
    async for _ in stream:
        then(stream)


async def leave_by_exception(rt: bamlet.AsyncRuntime) -> None:
    def fail(stream: bamlet.AsyncStream) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await look(rt, fail)


async def leave_by_cancel(rt: bamlet.AsyncRuntime) -> None:
    with pytest.raises(bamlet.BamlAbortError):
        await look(rt, lambda stream: stream.cancel())


async def leave_by_abort(rt: bamlet.AsyncRuntime) -> None:
    abort = bamlet.AbortController()
    with pytest.raises(bamlet.BamlAbortError):
        await look(rt, lambda _: abort.abort(), context=bamlet.CallContext(cancel=abort))


async def leave_by_task(rt: bamlet.AsyncRuntime) -> None:
    shown = asyncio.Event()

    async def consume() -> None:
        async for _ in rt.stream("Say", text="x", partials="every"):
            shown.set()

    task = asyncio.create_task(consume())
    await shown.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def leave_by_block(rt: bamlet.AsyncRuntime) -> None:
    async with rt.stream("Say", text="x", partials="every") as stream:
        partials = aiter(stream)
        await anext(partials)


async def leave_by_throw(rt: bamlet.AsyncRuntime) -> None:
    def refuse(partial: object) -> None:
        raise LookupError(partial)

    with pytest.raises(LookupError):
        await rt.call("Say", text="x", context=bamlet.CallContext(on_partial=refuse))


async def leave_by_deadline(rt: bamlet.AsyncRuntime) -> None:
    with pytest.raises(bamlet.BamlTimeoutError, match="deadline of 50 ms"):
        await rt.call("Say", text="x", context=bamlet.CallContext(on_partial=lambda _: None, deadline=0.05))


LEAVING = [
    leave_by_break,
    leave_by_exception,
    leave_by_cancel,
    leave_by_abort,
    leave_by_task,
    leave_by_block,
    leave_by_throw,
    leave_by_deadline,
]


@pytest.mark.parametrize("leave", LEAVING, ids=lambda leave: leave.__name__)
def test_condition_4_leaving_closes_the_handles_and_the_socket_at_once(
    loopback: LoopbackServer, leave: Callable[[bamlet.AsyncRuntime], Coroutine[Any, Any, None]]
) -> None:
    loopback.answer(Answer(openai_chunks(["begun"], None)[:-1], end="open"))

    async def body() -> None:
        async with at(loopback) as rt:
            await leave(rt)
            left = time.monotonic()
            seen = await asyncio.to_thread(loopback.wait_client_left, 5)
            assert seen - left < LEAVE_SECONDS
            assert rt.handles.open_count == 0

    run(body())


@pytest.mark.parametrize("how", ["call", "stream"])
def test_condition_4_giving_up_before_the_head_closes_the_socket_at_once(
    loopback: LoopbackServer, how: str
) -> None:
    loopback.answer(Answer(head_delay=30))

    async def body() -> None:
        async with at(loopback) as rt:
            waits = rt.call("Say", text="x") if how == "call" else rt.stream("Say", text="x").final()
            waiting = asyncio.ensure_future(waits)
            await asyncio.to_thread(loopback.wait_requests, 1, 5)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            left = time.monotonic()
            assert await asyncio.to_thread(loopback.wait_client_left, 5) - left < LEAVE_SECONDS

    run(body())


def test_condition_4_success_closes_the_handles_and_keeps_the_connection(loopback: LoopbackServer) -> None:
    loopback.answer(*[Answer(openai_chunks(["fine"]))] * 3)

    async def body() -> None:
        async with at(loopback) as rt:
            for _ in range(3):
                assert await rt.stream("Say", text="x").final() == "fine"
                assert rt.handles.open_count == 0

    run(body())


def test_condition_4_the_end_of_the_runtime_closes_connections(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["fine"])))

    async def body() -> None:
        async with at(loopback) as rt:
            await rt.call("Say", text="x", context=bamlet.CallContext(on_partial=lambda _: None))
        ended = time.monotonic()
        assert await asyncio.to_thread(loopback.wait_client_left, 5) - ended < LEAVE_SECONDS

    run(body())


@pytest.mark.parametrize("turns", [0, 1, 10, 100])
@pytest.mark.parametrize("engine", ["h11", "httptools", "httpx"])
def test_condition_4_the_end_of_the_runtime_ends_its_calls_wherever_they_are(
    loopback: LoopbackServer, engine: Any, turns: int
) -> None:
    loopback.default = HELD_OPEN

    async def body() -> None:
        rt = at(loopback, transport=bamlet.HttpOptions(engine=engine))
        calls = [asyncio.ensure_future(rt.call("Say", text="x")) for _ in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        await rt.aclose()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(each, bamlet.BamlError) for each in ended), ended
        assert rt.handles.open_count == 0

    run(body())


class Held:
    """A resource that closes in its own way."""

    def __init__(self, closing: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        self.closed = False
        self._closing = closing

    async def aclose(self) -> None:
        try:
            if self._closing is not None:
                await self._closing()
        finally:
            self.closed = True


async def _hang() -> None:
    await asyncio.sleep(3600)


async def _fail() -> None:
    raise OSError("cannot close")


def test_condition_4_a_resource_that_hangs_or_fails_keeps_no_other_open() -> None:
    async def body() -> None:
        table = HandleTable()
        scope = table.scope()
        held = [Held(), Held(_fail), Held(), Held(_hang), Held()]
        for one in held:
            scope.open("held", one)
        began = asyncio.get_running_loop().time()
        with pytest.raises(ExceptionGroup) as raised:
            await scope.aclose()
        assert asyncio.get_running_loop().time() - began == pytest.approx(2.0)
        assert [type(failure) for failure in raised.value.exceptions] == [TimeoutError, OSError]
        assert all(one.closed for one in held)
        assert table.open_count == 0

    run_virtual(body())


def test_condition_4_a_cancellation_while_closing_waits_until_all_is_closed() -> None:
    async def body() -> None:
        table = HandleTable()
        scope = table.scope()
        held = [Held(), Held(lambda: asyncio.sleep(1)), Held()]
        for one in held:
            scope.open("held", one)
        closing = asyncio.create_task(scope.aclose())
        await asyncio.sleep(0.1)
        for _ in range(3):
            closing.cancel()
            await asyncio.sleep(0.1)
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert all(one.closed for one in held)
        assert table.open_count == 0

    run_virtual(body())


def test_condition_4_a_cancellation_is_raised_also_when_closing_fails() -> None:
    async def fail_later() -> None:
        await asyncio.sleep(1)
        raise OSError("cannot close")

    async def body() -> None:
        closing = asyncio.create_task(uninterrupted(fail_later()))
        await asyncio.sleep(0.1)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await closing
        assert isinstance(raised.value.__cause__, OSError)

    run_virtual(body())


STALE = """
function Stale(url: string) -> string {
  let request = baml.http.Request { method: "POST", url: url, headers: {}, body: "{\\"model\\": \\"A\\"}" };
  let sse = baml.http.fetch_sse(request);
  sse.close();
  sse.close();
  let events = sse.next() catch (e) { baml.panics.ClosedHandle => { return e.message; } };
  "read on"
}
"""


def test_condition_4_a_stale_handle_is_an_error_that_a_program_can_catch() -> None:
    async def body() -> Any:
        stale = bamlet.compile_sources({"stale.baml": STALE})
        rt = bamlet.AsyncRuntime(stale, transport=ScriptedTransport({"A": streamed("x")}))
        return await rt.call("Stale", url="http://scripted")

    assert re.fullmatch(r"<baml\.http\.SseStream #\d+> is closed", run_virtual(body()))


def test_condition_4_a_handle_of_another_call_or_runtime_is_an_error() -> None:
    tables = HandleTable(), HandleTable()
    one, same_table, other_table = tables[0].scope(), tables[0].scope(), tables[1].scope()
    handles = [scope.open("held", Held()) for scope in (one, same_table, other_table)]
    assert len({handle.number for handle in handles}) == 3
    context: Any = type("Call", (), {"host": type("Host", (), {"scope": one})})
    assert isinstance(resource(context, handles[0], Held), Held)
    said = ("belongs to another task", "is closed", "is closed")
    for foreign, message in zip((*handles[1:], Handle("held", 10**9)), said, strict=True):
        with pytest.raises(Exception, match=message):
            resource(context, foreign, Held)
    for scope in (one, same_table, other_table):
        run(scope.aclose())
