"""The blocking face where something ends: a callback, the interpreter, a child, the patience of a person.

What a thread or a process sees is outside of the language.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import bamlet
from bamlet import sync
from bamlet.sync.background import BACKGROUND
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.support.local_program import blocking_at
from tests.support.notes_program import python

SOURCE = """
function Pause(ms: int) -> int { baml.sys.sleep(ms); ms }
function Show() -> int { baml.stream.emit_partial(1); baml.sys.sleep(60000); 2 }
"""

# From 3.12 on Python warns of every fork beside a thread: the very thing that is looked at.
FORKING = ("-W", "always", "-W", "ignore:This process:DeprecationWarning")

ASKS = """
client<llm> Local { provider openai-generic, options { model "m", base_url env.BASE_URL } }
class Item { name string, count int }
function Make(text: string) -> Item { client Local, prompt #"{{ text }}"# }
"""


@cache
def shows() -> bamlet.Program:
    return bamlet.compile_sources({"shows.baml": SOURCE})


# --- callbacks


def _exit(value: object) -> None:
    sys.exit(3)


def _interrupt(value: object) -> None:
    raise KeyboardInterrupt


async def _exit_later(value: object) -> None:
    await asyncio.sleep(0)
    sys.exit(3)


@pytest.mark.parametrize("callback", [_exit, _interrupt, _exit_later])
@pytest.mark.parametrize("cancel", [None, bamlet.AbortController()])
def test_what_ends_a_program_reaches_the_caller_and_not_the_loop(
    callback: Callable[[Any], Any], cancel: bamlet.AbortController | None
) -> None:
    context = bamlet.CallContext(on_partial=callback, cancel=cancel)
    with bamlet.Runtime(shows()) as rt, ThreadPoolExecutor(1) as pool:
        other = pool.submit(rt.call, "Pause", ms=50)
        with pytest.raises((SystemExit, KeyboardInterrupt)):
            rt.call("Show", context=context)
        with pytest.raises((SystemExit, KeyboardInterrupt)):
            rt.stream("Show", context=context).final()
        assert other.result(10) == 50
        assert rt.asynchronous.handles.open_count == 0


def test_an_exit_in_on_report_and_a_stopped_loop_reach_the_caller_too(loopback: LoopbackServer) -> None:
    loopback.default = Answer(openai_chunks(['{"name": "n", "count": 1}']))
    with blocking_at(loopback) as rt:
        with pytest.raises(SystemExit):
            rt.stream("Make", text="x", context=bamlet.CallContext(on_report=_exit)).final()
        context = bamlet.CallContext(on_report=lambda _: asyncio.get_running_loop().stop())
        assert rt.stream("Make", text="x", context=context).final().count == 1
        assert rt.stream("Make", text="x").final().count == 1


def test_the_loop_of_python_lives_as_that_of_the_fast_extra() -> None:
    code = f"""
        import sys
        sys.modules["uvloop"] = None
        import bamlet
        runtime = bamlet.Runtime(bamlet.compile_sources({{"shows.baml": {SOURCE!r}}}))
        try:
            runtime.call("Show", context=bamlet.CallContext(on_partial=sys.exit))
        except SystemExit as exit:
            print("exit", exit.code, runtime.call("Pause", ms=1))
        """
    assert python(code) == "exit 1 1"


# --- the interpreter and its children


@pytest.mark.parametrize("last", ["", "stream.close()", "stream.cancel()", "runtime.close()"])
def test_an_iterator_that_is_held_at_the_end_holds_nothing_up(last: str) -> None:
    code = f"""
        import bamlet
        runtime = bamlet.Runtime(bamlet.compile_sources({{"shows.baml": {SOURCE!r}}}))
        stream = runtime.stream("Show", partials="every")
        values = iter(stream)
        print(next(values))
        {last}
        """
    assert python(code, "-W", "always") == "1"


def test_what_closes_at_the_very_end_holds_nothing_up() -> None:
    code = f"""
        import bamlet
        class Holder:
            def __init__(self):
                self.runtime = bamlet.Runtime(bamlet.compile_sources({{"shows.baml": {SOURCE!r}}}))
                self.stream = self.runtime.stream("Show", partials="every")
                self.values = iter(self.stream)
                print(next(self.values))
                self.me = self
            def __del__(self):
                self.stream.close()
                self.runtime.close()
                try:
                    self.runtime.call("Pause", ms=1)
                except RuntimeError as refused:
                    print(refused)
        holder = Holder()
        """
    assert python(code, "-W", "always").splitlines() == [
        "1",
        "the interpreter is ending; no blocking call can be made any more",
    ]


FORKED = {
    "stream.close()": None,
    "values.close()": None,
    "stream.cancel()": None,
    "stream = values = None": None,
    "next(values)": "refused",
    "stream.final()": "refused",
    "stream.report": "refused",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_leaves_the_stream_of_its_parent_alone() -> None:
    code = f"""
        import os, signal, sys, bamlet
        runtime = bamlet.Runtime(bamlet.compile_sources({{"shows.baml": {SOURCE!r}}}))
        for act in {list(FORKED)!r}:
            stream = runtime.stream("Show", partials="every")
            values = iter(stream)
            next(values)
            if (child := os.fork()) == 0:
                signal.alarm(20)  # instead of a hang
                refused = ""
                try:
                    exec(act)
                except RuntimeError as failure:
                    assert "belongs to the process that made it" in str(failure)
                    refused = " refused"
                print(act, runtime.call("Pause", ms=1), end=refused + "\\n")
                runtime.close()
                sys.exit()
            print(os.waitpid(child, 0)[1], flush=True)
            stream.close()
        runtime.close()
        """
    expected = [f"{act} 1{f' {refused}' if refused else ''}\n0" for act, refused in FORKED.items()]
    assert python(code, *FORKING) == "\n".join(expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_forked_child_ends_as_it_says_also_while_its_parent_is_connected(
    loopback: LoopbackServer, host: str
) -> None:
    """Threads that looked an address up are the parent's alone."""
    loopback.default = Answer(openai_chunks(['{"name": "n", "count": 1}']))
    code = f"""
        import os, sys, bamlet
        source = {ASKS!r}
        url = {loopback.url.replace("127.0.0.1", host)!r}
        runtime = bamlet.Runtime(bamlet.compile_sources({{"local.baml": source}}), environ={{"BASE_URL": url}})
        stream = runtime.stream("Make", text="x")
        values = iter(stream)
        next(values)
        if (child := os.fork()) == 0:
            sys.exit(3)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stream.close()
        """
    assert python(code, *FORKING) == "3"


ROWS = """
    import os, signal, sys, bamlet
    program = bamlet.compile_sources({"rows.baml": "function Pause(ms: int) -> int { baml.sys.sleep(ms); ms }"})
    rows = bamlet.map(program, "Pause", [{"ms": ms} for ms in range(50)])
    print(next(rows).error, flush=True)
    """


def test_rows_that_are_held_at_the_end_hold_nothing_up() -> None:
    assert python(ROWS, "-W", "always") == "None"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_leaves_the_rows_of_its_parent_alone() -> None:
    code = f"""{ROWS}
    if (child := os.fork()) == 0:
        signal.alarm(20)  # instead of a hang
        try:
            next(rows)
        except RuntimeError as refused:
            print(refused, flush=True)
        rows = None
        sys.exit()
    print(os.waitpid(child, 0)[1], len(list(rows)))
    """
    told = "this stream belongs to the process that made it; call again in the forked one"
    assert python(code, *FORKING).splitlines() == ["None", told, "0 49"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_that_was_forked_during_a_deep_step_makes_a_runtime_and_has_the_old_limit() -> None:
    code = """
        import os, signal, sys, threading, bamlet
        from bamlet.deep import with_room
        program = bamlet.compile_sources({"one.baml": "function One() -> int { 1 }"})
        begun, end = threading.Event(), threading.Event()

        def step():
            begun.set()
            end.wait()

        def too_deep():
            raise RecursionError

        before = sys.getrecursionlimit()
        deep = threading.Thread(target=with_room, args=(too_deep, step))
        deep.start()
        begun.wait()
        if (child := os.fork()) == 0:
            signal.alarm(20)  # instead of a hang
            print(sys.getrecursionlimit() == before, bamlet.Runtime(program).call("One"), flush=True)
            os._exit(0)
        print(os.waitpid(child, 0)[1], threading.stack_size())
        end.set()
        deep.join()
        print(sys.getrecursionlimit() == before)
        """
    assert python(code, *FORKING).splitlines() == ["True 1", "0 0", "True"]


# --- interrupts

FACE = str(Path(sync.__file__).parent)


class _Interrupt:
    """A `KeyboardInterrupt` before one of the steps that Python takes in the blocking face; they are counted."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(FACE):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def _interrupted(at: int, work: Callable[[], Any]) -> bool:
    """Whether the work was long enough to be interrupted there."""
    interrupt = _Interrupt(at)
    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    assert interrupt.left > 0, "the interrupt was swallowed"
    return False


def _wait_until_closed(runtime: bamlet.Runtime) -> None:
    """What an interrupt leaves to the background ends there, without help."""
    ends = time.monotonic() + 10
    while runtime.asynchronous.handles.open_count:
        assert time.monotonic() < ends, "a handle stays open"
        BACKGROUND.loop().run(asyncio.sleep(0.001))


def _wait(runtime: bamlet.Runtime) -> None:
    runtime.stream("Say", text="x").final()


def _read(runtime: bamlet.Runtime) -> None:
    list(runtime.stream("Say", text="x"))


def _leave(runtime: bamlet.Runtime) -> None:
    values = runtime.stream("Say", text="x").events()
    next(values)
    values.close()  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize(("work", "end"), [(_wait, "clean"), (_read, "clean"), (_leave, "open")])
def test_an_interrupt_between_any_two_steps_stays_one_and_leaves_nothing_open(
    work: Callable[[bamlet.Runtime], None], end: Any, loopback: LoopbackServer
) -> None:
    chunks = openai_chunks(["begun"], None if end == "open" else "stop")
    loopback.default = Answer(chunks[:-1] if end == "open" else chunks, end=end)
    with blocking_at(loopback) as rt:
        # What a first call loads takes steps of its own. Python 3.12 tells of steps only if an earlier trace has
        # asked for them.
        assert not _interrupted(sys.maxsize, lambda: work(rt))
        steps = 0
        while _interrupted(steps + 1, lambda: work(rt)):
            steps += 1
            _wait_until_closed(rt)
    assert steps > 50
