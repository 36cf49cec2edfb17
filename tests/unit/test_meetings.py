"""Where threads, tasks and loops meet: each test is an order of events in which something once went wrong.

The language sees none of them, and no test of ordinary use meets them but by chance.
"""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.cli.test_run import first_interrupt
from bamlet.embed.writing import write_whole
from bamlet.interpreter.runtime.context import Context
from bamlet.server.limits import Limits
from bamlet.server.reload import changes
from bamlet.server.runs import Desk, Wanted
from bamlet.sysops.attempts import Attempt
from bamlet.sysops.handles import HandleTable
from bamlet.sysops.host import Services
from bamlet.testing.answers import Answers, Settings
from bamlet.testing.outcome import RunStarted
from bamlet.testing.runner import Plan, run
from bamlet.testing.selection import cases_of
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, run_virtual, streamed

SOURCE = """
function Pause(ms: int) -> int { baml.sys.sleep(ms); ms }
function Spin() -> int {
  let s = 0;
  while (true) { s += 1; }
  s
}
test Endless { functions [Spin] args {} }
"""


@pytest.fixture(scope="module")
def program() -> bamlet.Program:
    return bamlet.compile_sources({"meetings.baml": SOURCE})


# --- threads


class _GivenUp(asyncio.SelectorEventLoop):
    """As one that was closed while a call waited in it."""

    is_given_up = False

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Any, *arguments: Any, context: Any = None
    ) -> Any:
        if self.is_given_up:
            raise RuntimeError("Event loop is closed")
        return super().call_soon_threadsafe(callback, *arguments, context=context)


def test_an_abort_reaches_every_call_also_behind_a_loop_that_was_given_up(program: bamlet.Program) -> None:
    abort = bamlet.AbortController()
    context = bamlet.CallContext(cancel=abort)

    async def body() -> None:
        runtime = bamlet.AsyncRuntime(program, clock=LoopClock())
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _GivenUp)
        left = asyncio.create_task(runtime.call("Pause", ms=60_000, context=context))
        await asyncio.sleep(0)
        told: list[bool] = []
        abort.listen(lambda: told.append(True))
        loop.is_given_up = True
        abort.abort()
        assert told == [True]
        loop.is_given_up = False
        left.cancel()
        await asyncio.wait({left})

    with asyncio.Runner(loop_factory=_GivenUp) as runner:
        runner.run(body())


def test_a_task_that_begins_while_another_thread_stops_its_call_hears_of_it() -> None:
    context: Context[Any] = Context(_nothing, Any, Any, None, lambda: 1)  # type: ignore[arg-type]

    class Stopping(list[Any]):
        def append(self, made: Any) -> None:
            context.refuse_calls(_refuse)  # the other thread comes first
            super().append(made)

    context.branches = Stopping()
    assert context.branch(None).calls is _refuse


def _nothing(*arguments: Any) -> None: ...


def _refuse() -> bool:
    raise AssertionError


class _Answer:
    said = "something"
    model = "a model"


class _Ending(Attempt):
    """A call that ends after the first look at its answer."""

    __slots__ = ("looks",)
    looks: int

    @property
    def _answer(self) -> Any:  # type: ignore[override]
        self.looks += 1
        return _Answer if self.looks == 1 else None


@pytest.mark.parametrize("look", ["said", "model"])
def test_an_attempt_is_read_while_its_call_ends_in_another_thread(look: str) -> None:
    attempt = _Ending.__new__(_Ending)
    attempt.looks, attempt._said, attempt._secrets = 0, None, set()
    assert getattr(attempt, look) == getattr(_Answer, look)


class _Cleared(bamlet.Collector):
    @property
    def _logs(self) -> Any:
        return self.found.pop()

    @_logs.setter
    def _logs(self, logs: Any) -> None:
        self.found: list[Any] = [[], ["the last"]]


def test_a_collector_is_read_while_another_thread_clears_it() -> None:
    assert _Cleared().last == "the last"  # type: ignore[comparison-overlap]


class _OtherLoop:
    """Of another thread, which begins its own call while ours looks at the table."""

    def __init__(self, begin: Callable[[], None]) -> None:
        self._begin = begin

    def is_closed(self) -> bool:
        self._begin()
        return True


def _none(*arguments: Any) -> Any:
    return None


def _begin(table: dict[Any, Any]) -> None:
    table[asyncio.new_event_loop()] = None


def test_two_threads_begin_to_use_a_runtime_with_loops_of_their_own() -> None:
    services = Services(make_transport=_none, clock=LoopClock(), environ=dict, make_media=_none)
    tables: tuple[Any, ...] = (services._made, services._detached)
    for table in tables:
        table[_OtherLoop(partial(_begin, table))] = None

    async def body() -> None:
        services.transport_here()
        services.detached_here()

    asyncio.run(body())
    for table in tables:
        assert not any(isinstance(loop, _OtherLoop) for loop in table)
        for loop in table:
            loop.close()


@contextmanager
def switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_two_threads_that_write_one_file_leave_one_of_the_wholes(tmp_path: Path) -> None:
    path = tmp_path / "whole"
    wholes = [letter * (1 << 18) for letter in (b"a", b"b")]
    failures: list[OSError] = []

    def write(whole: bytes) -> None:
        for _ in range(200):
            try:
                write_whole(path, whole, durable=False)
            except OSError as failure:
                failures.append(failure)

    threads = [threading.Thread(target=write, args=(whole,)) for whole in wholes]
    with switching_often():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert path.read_bytes() in wholes
    assert list(tmp_path.iterdir()) == [path]


# --- tasks


def test_a_run_that_is_cancelled_before_its_first_step_has_an_end(program: bamlet.Program) -> None:
    async def body() -> None:
        runtime = bamlet.AsyncRuntime(program, clock=LoopClock())
        desk = Desk(Limits())
        wanted = Wanted(
            verb="call", function="Pause", arguments={"ms": 1}, context=bamlet.CallContext(), owner=None
        )
        begun = desk.start(runtime, wanted)
        begun.cancel()
        kinds = [entry.event.kind async for batch in begun.log.read() for entry in batch]  # type: ignore[union-attr]
        assert (kinds, begun.state, desk.active) == (["start", "error"], "cancelled", [])
        desk.close()

    run_virtual(body())


TWO_READERS = """// bamlet: edition 2
function Two() -> string {
  let request = baml.http.Request {
    method: "POST", url: "http://nowhere", headers: {}, body: "{\\"model\\": \\"A\\"}", client_name: null,
    timeouts: baml.http.Timeouts {
      connect_ms: null, first_token_ms: null, idle_ms: 1000, request_ms: null, total_ms: null, spent_ms: null
    },
  };
  let sse = baml.http.fetch_sse(request);
  sse.next();
  let other = spawn { sse.next_within(100) };
  let told = { sse.next(); "the end" } catch (e) { late: baml.errors.Timeout => late.message };
  await other;
  sse.close();
  told
}
"""


def test_a_reader_that_leaves_takes_nobody_elses_limit_of_silence_along() -> None:
    async def body() -> str:
        transport = ScriptedTransport({"A": Reply([*streamed("a", finish=None).parts, Wait(50)])})
        program = bamlet.compile_sources({"two.baml": TWO_READERS})
        runtime = bamlet.AsyncRuntime(program, transport=transport, clock=LoopClock(), environ={})
        return str(await runtime.call("Two"))

    assert run_virtual(body()).startswith("nothing received for 1000 ms")


class _SlowToLeave(LoopClock):
    async def sleep(self, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.sleep(1)


class _Closing(ScriptedTransport):
    is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True


def test_a_runtime_whose_closing_is_cancelled_closes_its_connections() -> None:
    source = """// bamlet: edition 2
    function Begin() -> int { let options = baml.spawn.options(detach = true); spawn with options { Wait() }; 1 }
    function Wait() -> int { baml.sys.sleep(60000); 1 }
    """

    async def body() -> None:
        transport = _Closing({})
        program = bamlet.compile_sources({"begin.baml": source})
        runtime = bamlet.AsyncRuntime(program, transport=transport, clock=_SlowToLeave(), environ={})
        await runtime.call("Begin")
        await asyncio.sleep(0.1)
        closing = asyncio.create_task(runtime.aclose())
        await asyncio.sleep(0.1)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert transport.is_closed

    run_virtual(body())


class _Held:
    def __init__(self, seconds: float) -> None:
        self.closed = False
        self._seconds = seconds

    async def aclose(self) -> None:
        try:
            await asyncio.sleep(self._seconds)
        finally:
            self.closed = True


def test_what_cancels_every_task_of_the_loop_leaves_no_handle_open() -> None:
    async def body() -> None:
        before = asyncio.all_tasks()
        table = HandleTable()
        scope = table.scope()
        held = [_Held(0), _Held(1), _Held(1)]
        for one in held:
            scope.open("held", one)
        closing = asyncio.create_task(scope.aclose())
        await asyncio.sleep(0.1)
        for task in asyncio.all_tasks() - before:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert [one.closed for one in held] == [True] * 3
        assert table.open_count == 0

    run_virtual(body())


@pytest.mark.timeout(60)
def test_leaving_the_events_of_tests_stops_one_that_never_waits(program: bamlet.Program) -> None:
    async def body() -> None:
        plan = Plan(cases=tuple(cases_of(program)))
        async with aclosing(run(program, plan, Answers(Settings(Path())))) as events:
            async for event in events:
                if isinstance(event, RunStarted):
                    await asyncio.sleep(0.1)  # until its thread runs
                    break

    asyncio.run(body())  # which waits for the thread


def test_whoever_is_stopped_while_a_stream_is_left_hears_no_late_failure() -> None:
    async def fail_late(value: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
            raise ValueError("nobody asks for it") from None

    program = bamlet.compile_sources({"show.baml": "function Show() -> int { baml.stream.emit_partial(1); 2 }"})
    warned: list[Any] = []

    async def body() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: warned.append(told["message"]))
        runtime = bamlet.AsyncRuntime(program, clock=LoopClock())
        stream = runtime.stream("Show", context=bamlet.CallContext(on_partial=fail_late))
        reading = asyncio.create_task(stream.batches(ticks=False).__anext__())
        for _ in range(2):
            await asyncio.sleep(0.1)
            reading.cancel()
        await asyncio.wait({reading})
        await asyncio.sleep(2)
        del stream, reading
        gc.collect()

    run_virtual(body())
    assert warned == []


@pytest.mark.timeout(60)
def test_settings_that_are_wrong_for_a_while_do_not_end_the_looking_for_changes(tmp_path: Path) -> None:
    source, settings = tmp_path / "one.baml", tmp_path / "baml.toml"
    source.write_text("function One() -> int { 1 }\n")

    async def next_change(found: Any) -> Any:
        looking = asyncio.ensure_future(anext(found))
        while not looking.done():  # what it has seen first may be a change already
            source.write_text(source.read_text() + "\n")
            await asyncio.wait({looking}, timeout=1)
        return await looking

    async def body() -> None:
        async with aclosing(changes(str(tmp_path))) as found:
            settings.write_text("[bamlet]\nedition = 7\n")
            program, told = await next_change(found)
            assert program is None
            assert "there is no edition 7" in told
            settings.unlink()
            program, told = await next_change(found)
            assert (program is not None, told) == (True, ())

    asyncio.run(body())


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads")
@pytest.mark.timeout(60)
def test_an_interrupt_in_the_middle_of_a_report_is_told_when_that_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    said: list[bytes] = []
    main = threading.get_ident()

    def interrupt_and_read() -> None:
        select.select([reading], [], [])  # more is being written than a pipe holds
        signal.pthread_kill(main, signal.SIGINT)
        while piece := os.read(reading, 1 << 16):
            said.append(piece)

    async def body() -> None:
        stop = bamlet.AbortController()
        with first_interrupt(stop, lambda: print("interrupted", file=sys.stderr)):
            print("x" * 1_000_000, file=sys.stderr)
            assert stop.aborted
            await asyncio.sleep(0)

    thread = threading.Thread(target=interrupt_and_read)
    with os.fdopen(writing, "w", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        thread.start()
        asyncio.run(body())
        monkeypatch.undo()
    thread.join()
    os.close(reading)
    assert b"".join(said).endswith(b"x\ninterrupted\n")
