"""The blocking face: threads, interrupts, forks, and streams that are left in the middle.

What a thread or a process sees is outside of the language.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.embed.stream import Partial, Reset, Tick
from bamlet.sync.background import BACKGROUND
from bamlet.sysops.clock import Clock
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.support.local_program import blocking_at, in_pieces, items
from tests.support.notes_program import python

LEAVE_SECONDS = 0.05
# Since 3.12 Python warns of every fork of a process with threads. Ours is ready for it, and nothing else may warn.
FORK_WARNINGS = ("-W", "always", "-W", "ignore:This process:DeprecationWarning")
HELD_OPEN = Answer(openai_chunks(["begun"], None)[:-1], end="open")

SOURCE = """
function Add(a: int, b: int) -> int { a + b }
function Pause(ms: int) -> int { baml.sys.sleep(ms); ms }
function Spin() -> int {
  let s = 0;
  while (true) { s += 1; }
  s
}
function SpinLater() -> int {
  baml.sys.sleep(1);
  Spin()
}
"""


@cache
def sums() -> bamlet.Program:
    return bamlet.compile_sources({"sums.baml": SOURCE})


@contextmanager
def interrupt_after(seconds: float) -> Iterator[None]:
    """What Ctrl-C does to a program: the main thread gets a `KeyboardInterrupt`."""
    assert threading.current_thread() is threading.main_thread()
    timer = threading.Timer(seconds, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer.start()
    try:
        yield
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)


# --- calls and streams


def test_a_function_that_cannot_wait_runs_in_the_thread_of_its_caller() -> None:
    with bamlet.Runtime(sums()) as rt:
        before = threading.active_count()
        assert rt.call("Add", a=1, b=2) == 3
        assert rt.call("Add", {"a": 1, "b": 2}) == 3
        assert threading.active_count() == before


def test_calls_and_streams_work_without_a_loop_and_inside_of_one(loopback: LoopbackServer) -> None:
    loopback.answer(*[Answer(openai_chunks(["a", "b"]))] * 4)

    def use() -> None:
        with blocking_at(loopback) as rt:
            assert rt.stream("Say", text="x").final() == "ab"
            stream = rt.stream("Say", text="x", partials="every")
            assert list(stream) == ["a", "ab"]
            assert stream.final() == "ab"
            assert rt.request("Say", text="x").method == "POST"
            assert rt.stream_request("Say", text="x").body.json()["stream"] is True
            assert rt.parse("Make", '{"name": "n", "count": 1}').count == 1
            assert rt.parse_partial("Make", '{"name": "n"').name == "n"

    async def inside() -> None:
        use()

    use()
    asyncio.run(asyncio.wait_for(inside(), 10))


def test_a_trace_tells_of_every_call(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["said"])))
    lines: list[str] = []
    with blocking_at(loopback, trace=lines.append) as rt:
        rt.stream("Say", text="x").final()
        assert sum("POST" in line for line in lines) == 1
    assert "still open: 0" in lines[-1]


def test_events_have_ticks_and_resets_too(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["half"], None)[:-1], end="reset"), Answer(openai_chunks(["whole"])))
    with blocking_at(loopback) as rt:
        context = bamlet.CallContext(client="Retried")
        events = list(rt.stream("Say", text="x", context=context, partials="every").events())
    assert [e for e in events if not isinstance(e, Tick)] == [Partial("half"), Reset(2), Partial("whole")]


def test_every_partial_crosses_the_threads_once_and_in_order(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(in_pieces(items(50)))))
    with blocking_at(loopback) as rt:
        counts = [len(partial) for partial in rt.stream("List", text="x", partials="every")]
    assert counts == sorted(counts)
    assert len(counts) > 200
    assert counts[-1] == 50


def test_a_stream_is_iterated_once(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["a"])))
    with blocking_at(loopback) as rt:
        stream = rt.stream("Say", text="x")
        assert list(stream) == ["a"]
        with pytest.raises(RuntimeError, match="iterated once"):
            iter(stream)


def test_leaving_the_loop_closes_the_socket_at_once(loopback: LoopbackServer) -> None:
    loopback.answer(HELD_OPEN)
    with blocking_at(loopback) as rt:
        stream = rt.stream("Say", text="x")
        for _ in stream:
            break
        left = time.monotonic()
        assert loopback.wait_client_left(5) - left < LEAVE_SECONDS
        assert rt.asynchronous.handles.open_count == 0
        with pytest.raises(bamlet.BamlAbortError):
            stream.final()


@pytest.mark.parametrize("client", ["Local", "Retried"])
@pytest.mark.parametrize("engine", ["h11", "httptools", "httpx"])
def test_whoever_waits_for_a_stream_hears_that_the_runtime_is_closed(
    loopback: LoopbackServer, engine: Any, client: str
) -> None:
    loopback.default = HELD_OPEN
    with blocking_at(loopback, transport=bamlet.HttpOptions(engine=engine)) as rt:
        shown = iter(rt.stream("Say", text="x", context=bamlet.CallContext(client=client)))
        assert next(shown) == "begun"
    with pytest.raises(bamlet.BamlError):
        list(shown)


def test_an_exception_in_the_loop_closes_the_socket_at_once(loopback: LoopbackServer) -> None:
    loopback.answer(HELD_OPEN)

    def consume(rt: bamlet.Runtime) -> None:
        for partial in rt.stream("Say", text="x"):
            raise LookupError(partial)

    with blocking_at(loopback) as rt:
        with pytest.raises(LookupError, match="begun"):
            consume(rt)
        left = time.monotonic()
        assert loopback.wait_client_left(5) - left < LEAVE_SECONDS


def test_a_block_closes_its_stream(loopback: LoopbackServer) -> None:
    loopback.answer(HELD_OPEN)
    with blocking_at(loopback) as rt:
        with rt.stream("Say", text="x") as stream:
            next(iter(stream))
        left = time.monotonic()
        assert loopback.wait_client_left(5) - left < LEAVE_SECONDS


def test_cancel_from_another_thread_ends_the_loop(loopback: LoopbackServer) -> None:
    loopback.answer(HELD_OPEN)

    def consume(stream: bamlet.Stream) -> None:
        for _ in stream:
            threading.Timer(0.02, stream.cancel).start()

    with blocking_at(loopback) as rt, pytest.raises(bamlet.BamlAbortError):
        consume(rt.stream("Say", text="x"))
    loopback.wait_client_left(5)


def test_an_iterator_that_is_collected_in_the_background_thread_holds_nothing_up(loopback: LoopbackServer) -> None:
    """A forgotten iterator in a cycle is closed by whichever thread happens to collect it."""
    loopback.answer(HELD_OPEN)
    with blocking_at(loopback) as rt:
        cycle: list[Any] = [iter(rt.stream("Say", text="x"))]
        next(cycle[0])
        cycle.append(cycle)
        del cycle
        collected = threading.Event()

        def collect() -> None:
            gc.collect()
            collected.set()

        BACKGROUND.loop().loop.call_soon_threadsafe(collect)
        assert collected.wait(30)  # after a whole suite there is much to look through
        loopback.wait_client_left(5)


def test_a_blocking_call_inside_a_callback_is_refused_and_not_a_deadlock(loopback: LoopbackServer) -> None:
    loopback.answer(*[Answer(openai_chunks(["a"]))] * 2)
    with blocking_at(loopback) as rt:

        def on_partial(partial: str) -> None:
            rt.stream("Say", text=partial).final()

        with pytest.raises(RuntimeError, match="use AsyncRuntime"):
            rt.call("Say", text="x", context=bamlet.CallContext(on_partial=on_partial))


def test_callbacks_and_their_exceptions_reach_the_caller(loopback: LoopbackServer) -> None:
    loopback.answer(*[Answer(openai_chunks(["a"]))] * 2)
    seen: list[str] = []

    def refuse(_: str) -> None:
        raise LookupError("mine")

    with blocking_at(loopback) as rt:
        rt.call("Say", text="x", context=bamlet.CallContext(on_partial=seen.append))
        with pytest.raises(LookupError, match="mine"):
            rt.call("Say", text="x", context=bamlet.CallContext(on_partial=refuse))
    assert seen == ["a"]


# --- threads


def test_many_threads_share_one_runtime(loopback: LoopbackServer) -> None:
    loopback.default = Answer(openai_chunks(["fine"]))
    with blocking_at(loopback) as rt, ThreadPoolExecutor(32) as pool:
        calls = [pool.submit(lambda: rt.stream("Say", text="x").final()) for _ in range(128)]
        assert {call.result(20) for call in calls} == {"fine"}
        assert rt.asynchronous.handles.open_count == 0
        assert sum(thread.name == "bamlet" for thread in threading.enumerate()) == 1


def test_a_long_computation_in_one_thread_does_not_hold_up_another(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["fine"])))
    abort = bamlet.AbortController()
    with bamlet.Runtime(sums()) as busy, blocking_at(loopback) as rt, ThreadPoolExecutor(1) as pool:
        spinning = pool.submit(busy.call, "Spin", context=bamlet.CallContext(cancel=abort))
        assert rt.stream("Say", text="x").final() == "fine"
        abort.abort()
        with pytest.raises(bamlet.BamlAbortError):
            spinning.result(5)


# --- stopping


@pytest.mark.parametrize("function", ["Spin", "SpinLater"])
def test_a_deadline_and_an_abort_stop_a_loop_that_never_waits(function: str) -> None:
    with bamlet.Runtime(sums()) as rt:
        with pytest.raises(bamlet.BamlTimeoutError, match="deadline of 50 ms"):
            rt.call(function, context=bamlet.CallContext(deadline=0.05))
        abort = bamlet.AbortController()
        threading.Timer(0.05, abort.abort).start()
        with pytest.raises(bamlet.BamlAbortError):
            rt.call(function, context=bamlet.CallContext(cancel=abort))


@pytest.mark.parametrize(("function", "arguments"), [("Pause", {"ms": 60_000}), ("Spin", {}), ("SpinLater", {})])
def test_an_interrupt_stops_the_call_and_leaves_the_runtime_usable(function: str, arguments: Any) -> None:
    with bamlet.Runtime(sums()) as rt:
        with interrupt_after(0.1), pytest.raises(KeyboardInterrupt):
            rt.call(function, arguments)
        assert rt.call("Pause", ms=1) == 1


@pytest.mark.parametrize("look", [list, bamlet.Stream.final])
@pytest.mark.parametrize("function", ["Spin", "SpinLater"])
def test_an_interrupt_stops_a_stream_whose_program_never_waits(function: str, look: Any) -> None:
    with bamlet.Runtime(sums()) as rt:
        with interrupt_after(0.1), pytest.raises(KeyboardInterrupt):
            look(rt.stream(function))
        assert rt.call("Pause", ms=1) == 1


def test_an_interrupt_is_raised_also_when_the_stream_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bamlet.sync.background.INTERRUPT_GRACE_SECONDS", 0.05)

    async def stubborn(value: Any) -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(0.5)
            raise

    source = "function Show() -> int { baml.stream.emit_partial(1); 2 }"
    with bamlet.Runtime(bamlet.compile_sources({"show.baml": source})) as rt:
        rt.stream("Show").final()  # what a first call loads takes longer than the interrupt
        stream = rt.stream("Show", context=bamlet.CallContext(on_partial=stubborn))
        with interrupt_after(0.3), pytest.raises(KeyboardInterrupt):
            list(stream)
        stream.close()


class _SlowToLeave(Clock):
    async def sleep(self, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.sleep(0.5)


def test_an_interrupt_is_raised_also_when_the_rows_of_a_map_take_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bamlet.sync.background.INTERRUPT_GRACE_SECONDS", 0.05)
    with bamlet.Runtime(sums(), clock=_SlowToLeave()) as rt:
        list(bamlet.map(rt, "Pause", [{"ms": 1}]))  # what a first call loads takes longer than the interrupt
        with interrupt_after(0.3), pytest.raises(KeyboardInterrupt):
            list(bamlet.map(rt, "Pause", [{"ms": 60_000}]))


def test_an_interrupt_closes_the_socket_of_a_stream(loopback: LoopbackServer) -> None:
    loopback.answer(HELD_OPEN)
    with blocking_at(loopback) as rt:
        values = iter(rt.stream("Say", text="x"))
        assert next(values) == "begun"
        with interrupt_after(0.1), pytest.raises(KeyboardInterrupt):
            next(values)
        left = time.monotonic()
        assert loopback.wait_client_left(5) - left < LEAVE_SECONDS
        assert rt.asynchronous.handles.open_count == 0


# --- processes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_calls_and_the_parent_goes_on(loopback: LoopbackServer) -> None:
    loopback.default = Answer(openai_chunks(["fine"]))
    code = f"""
        import os, threading, bamlet
        from tests.support.local_program import environ, program

        runtime = bamlet.Runtime(program(), environ=environ("{loopback.url}"))
        say = lambda: runtime.stream("Say", text="x").final()
        print("parent", say(), flush=True)
        for _ in range(2):
            child = os.fork()
            if child == 0:
                print("child", say(), say(), threading.active_count(), flush=True)
                runtime.close()
                os._exit(0)
            os.waitpid(child, 0)
            print("parent", say(), flush=True)
        runtime.close()
        """
    assert python(code, *FORK_WARNINGS).splitlines() == [
        "parent fine",
        *["child fine fine 2", "parent fine"] * 2,
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_while_other_threads_call_leaves_no_lock_behind(loopback: LoopbackServer) -> None:
    loopback.default = Answer(openai_chunks(["fine"]))
    code = f"""
        import os, threading, bamlet
        from tests.support.local_program import environ, program

        runtime = bamlet.Runtime(program(), environ=environ("{loopback.url}"))
        say = lambda: runtime.stream("Say", text="x").final()
        say()  # what a thread imports while another one forks stays locked in the child: that is Python's
        stop = threading.Event()

        def work():
            while not stop.is_set():
                say()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for _ in range(5):
            child = os.fork()
            if child == 0:
                os._exit(0 if say() == "fine" else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads: thread.join()
        runtime.close()
        print("done")
        """
    assert python(code, *FORK_WARNINGS) == "done"


def test_a_process_that_never_closes_its_runtime_ends_quietly(loopback: LoopbackServer) -> None:
    loopback.default = Answer(openai_chunks(["fine"]))
    code = f"""
        import bamlet
        from tests.support.local_program import environ, program
        runtime = bamlet.Runtime(program(), environ=environ("{loopback.url}"))
        print(runtime.stream("Say", text="x").final())
        """
    assert python(code) == "fine"
