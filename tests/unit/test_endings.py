"""The blocking face where something ends: a callback, the interpreter, a child, the patience of a person.

What a thread or a process sees is outside of the language.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest

import bamlet
from tests.local_program import blocking_at
from tests.notes_program import python
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks

SOURCE = """
function Pause(ms: int) -> int { baml.sys.sleep(ms); ms }
function Show() -> int { baml.stream.emit_partial(1); baml.sys.sleep(60000); 2 }
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
