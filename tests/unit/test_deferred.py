"""What a `defer` does when the host stops the call: no program can see that. Time is virtual."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import bamlet
from bamlet.sysops.finishing import LEAVING_SECONDS
from tests.support.scripted import LoopClock, run_virtual


def run(
    source: str, abort_after: float | None = None, **context: Any
) -> tuple[bamlet.BamlError, list[str], float]:
    """How a call of `main` ends that is stopped, what it has printed, and after how many seconds."""
    program = bamlet.compile_sources({"main.baml": source})
    said: list[str] = []
    cancel = bamlet.AbortController()

    async def body() -> tuple[bamlet.BamlError, float]:
        loop = asyncio.get_running_loop()
        began, before = loop.time(), asyncio.all_tasks()
        if abort_after is not None:
            loop.call_later(abort_after, cancel.abort)
        async with bamlet.AsyncRuntime(program, clock=LoopClock(), environ={}, on_print=said.append) as rt:
            with pytest.raises(bamlet.BamlError) as caught:
                await rt.call("main", context=bamlet.CallContext(cancel=cancel, **context))
            assert asyncio.all_tasks() == before
            assert rt.handles.open_count == 0
        return caught.value, loop.time() - began

    error, seconds = run_virtual(body())
    return error, said, seconds


WAITING = """
function note(text: string) -> null { print(text) }

function main() -> int {
  defer {
    for (let n in [1, 2]) {
      baml.sys.sleep(1000);
      let say = note;
      say(`closed ${n}`);
    }
  }
  defer { print("first"); }
  baml.sys.sleep(100000);
  print("never");
  1
}
"""


def test_an_abort_waits_for_what_was_deferred() -> None:
    error, said, seconds = run(WAITING, abort_after=5)
    assert isinstance(error, bamlet.BamlAbortError)
    assert (said, seconds) == (["first", "closed 1", "closed 2"], 7)


def test_a_deadline_waits_for_what_was_deferred() -> None:
    error, said, seconds = run(WAITING, deadline=5)
    assert isinstance(error, bamlet.BamlTimeoutError)
    assert (said, seconds) == (["first", "closed 1", "closed 2"], 7)


def test_but_not_for_ever() -> None:
    source = """
    function main() -> int {
      defer { print("outer"); }
      defer { baml.sys.sleep(1000000); print("never"); }
      baml.sys.sleep(1000000);
      1
    }
    """
    error, said, seconds = run(source, abort_after=5)
    assert isinstance(error, bamlet.BamlAbortError)
    assert (said, seconds) == (["outer"], 5 + LEAVING_SECONDS)


def test_a_loop_that_never_ends_is_left_too() -> None:
    source = """
    function main() -> int {
      defer { let n = 0; while (n < 1000) { n += 1; } print(`counted ${n}`); }
      while (true) { }
      1
    }
    """
    error, said, _ = run(source, max_steps=100_000)
    assert isinstance(error, bamlet.BamlAbortError)
    assert said == ["counted 1000"]


@pytest.mark.parametrize("deferred", ["throw 1", "let xs: int[] = []; xs[3]", "baml.sys.sleep(1); throw 1"])
def test_an_error_in_it_does_not_undo_the_stop(deferred: str) -> None:
    source = f"""
    function f() -> int {{ defer {{ {deferred}; }} baml.sys.sleep(100000); 1 }}
    function main() -> int {{
      f() catch_all_panics (e) {{ _ => 2 }};
      print("went on");
      3
    }}
    """
    error, said, _ = run(source, abort_after=5)
    assert isinstance(error, bamlet.BamlAbortError)
    assert said == []


def test_a_task_that_is_stopped_with_the_call_does_what_it_has_deferred() -> None:
    source = """
    function main() -> int {
      let task = spawn { defer { baml.sys.sleep(1000); print("closed"); } baml.sys.sleep(100000); };
      baml.sys.sleep(10);
      throw "over"
    }
    """
    error, said, seconds = run(source)
    assert isinstance(error, bamlet.UnhandledThrow)
    assert said == ["closed"]
    assert seconds == pytest.approx(1.01)
