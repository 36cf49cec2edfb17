"""Tasks of `spawn`: random programs against a model, and what a host sees of them. Time is virtual."""

from __future__ import annotations

import asyncio
import os
from random import Random
from typing import Any

import pytest

import bamlet
from bamlet.embed import compile_sources
from bamlet.sysops.clock import Clock
from tests.support.scripted import LoopClock, run_virtual
from tests.support.task_model import Model, random_program, text_of

PROGRAMS = int(os.environ.get("BAMLET_TASK_PROGRAMS", "60"))
BATCH = 20


def run(source: str, **context: Any) -> tuple[Any, list[tuple[int, str]]]:
    """The value or error of `main`, which must leave no task, and what it has printed, with the time in ms."""
    program = bamlet.compile_sources({"main.baml": f"// bamlet: edition 2\n{source}"})
    said: list[tuple[int, str]] = []

    async def body() -> Any:
        loop = asyncio.get_running_loop()
        began, before = loop.time(), asyncio.all_tasks()

        def hear(line: str) -> None:
            said.append((round((loop.time() - began) * 1000), line))

        async with bamlet.AsyncRuntime(program, clock=LoopClock(), environ={}, on_print=hear) as rt:
            try:
                return await rt.call("main", context=bamlet.CallContext(**context))
            except bamlet.BamlError as error:
                return error
            finally:
                assert asyncio.all_tasks() == before
                assert rt.handles.open_count == 0

    return run_virtual(body()), said


def shown(end: Any) -> Any:
    """An error as the list of what was thrown, panics by their names."""
    if not isinstance(end, bamlet.BamlError):
        return end
    values = [getattr(error, "value", error) for error in (end, *end.others)]
    return [getattr(value, "__class_name__", value) for value in values]


@pytest.mark.parametrize("batch", range(0, PROGRAMS, BATCH))
def test_random_programs_do_what_the_model_says(batch: int) -> None:
    for seed in range(batch, min(batch + BATCH, PROGRAMS)):
        program = random_program(Random(seed))
        model = Model(program)
        end, said = run(text_of(program))
        assert (seed, shown(end), sorted(said)) == (seed, model.end, sorted(model.said))


def test_all_that_nobody_awaited_comes_out_in_the_order_of_its_start() -> None:
    source = """
    function bad(ms: int) -> int { baml.sys.sleep(ms); throw ms }
    function main() -> int {
      let a = spawn { bad(20) };
      let b = spawn { bad(10) };
      let c = spawn { bad(5) };
      (await c) catch (e) { _ => 0 }
    }
    """
    end, _ = run(source)
    assert isinstance(end, bamlet.UnhandledThrow)
    assert (end.value, [other.value for other in end.others]) == (20, [10])  # type: ignore[attr-defined]
    assert end.__notes__ == ["in a task that nothing awaited"]


STOPPED = """
function wait_for_ever() -> int {
  let deaf = spawn { while (true) { baml.sys.sleep(1000) catch (e) { baml.panics.Cancelled => null } } };
  print("began");
  baml.sys.sleep(100000);
  1
}
"""


def test_a_call_that_is_over_leaves_no_task_that_will_not_hear() -> None:
    end, said = run(f"{STOPPED} function main() -> int {{ wait_for_ever() }}", deadline=2.0)
    assert isinstance(end, bamlet.BamlTimeoutError)
    assert [line for _, line in said] == ["began"]
    end, _ = run(f'{STOPPED} function main() -> int {{ let f = spawn {{ wait_for_ever() }}; throw "out" }}')
    assert shown(end) == ["out"]


DETACHED = """
function main() -> int {
  let options = baml.spawn.options(detach = true);
  let a = spawn with options { baml.sys.sleep(50); print("outlives the call"); throw "alone" };
  let b = spawn with options { baml.sys.sleep(5000); print("never") };
  let c = spawn with options { throw "awaited" };
  await c catch (e) { _ => 0 };
  1
}
"""


def test_what_is_detached_belongs_to_the_runtime() -> None:
    program = bamlet.compile_sources({"main.baml": DETACHED})
    said: list[str] = []
    unhandled: list[Any] = []

    async def body() -> None:
        before = asyncio.all_tasks()
        async with bamlet.AsyncRuntime(
            program, clock=LoopClock(), environ={}, on_print=said.append, on_unhandled_task=unhandled.append
        ) as rt:
            assert await rt.call("main") == 1
            assert said == []
            await asyncio.sleep(1)
        assert asyncio.all_tasks() == before
        assert rt.handles.open_count == 0

    run_virtual(body())
    assert said == ["outlives the call"]
    assert [error.value for error in unhandled] == ["alone"]


@pytest.mark.parametrize(
    "main",
    [
        "let a = spawn with alone { baml.sys.sleep(50); 7 }; (await baml.future.all([a]))[0]",
        "let a = spawn with alone { baml.sys.sleep(50); 7 }; await baml.future.any([baml.future.race([a])])",
        "let a = spawn with alone { baml.sys.sleep(50); 1 }; baml.sys.sleep(5); await (spawn with grouped { 7 })",
    ],
)
def test_a_call_that_waits_for_a_detached_task_does_not_wait_for_itself(main: str) -> None:
    options = """
    let g = baml.spawn.TaskGroup.new(1);
    let alone = baml.spawn.options(group = g, detach = true);
    let grouped = baml.spawn.options(group = g);
    """
    assert run(f"function main() -> int {{ {options} {main} }}")[0] == 7


def test_a_call_that_waits_for_itself_alone_is_told_so_when_the_detached_task_has_ended() -> None:
    source = """
    function main() -> int {
      let alone = spawn with baml.spawn.options(detach = true) { baml.sys.sleep(50); 1 };
      let never = spawn with baml.spawn.options(group = baml.spawn.TaskGroup.new(0)) { 2 };
      (await baml.future.all([alone, never]))[0]
    }
    """
    end, _ = run(source)
    assert shown(end) == ["baml.panics.Deadlock"]


def test_no_future_leaves_its_call() -> None:
    source = """
    function begin() -> baml.future.Future<int, never> { spawn { 1 } }
    function main() -> int { await begin() }
    """
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": source})) as rt:
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="call a function that awaits it"):
            rt.call("begin")
        assert rt.call("main") == 1


def test_ten_thousand_tasks() -> None:
    source = """
    function main() -> int {
      let fs: baml.future.Future<int, never>[] = [];
      for (let i = 0; i < 10000; i += 1) { fs.push(spawn { baml.sys.sleep(i % 7); i }) }
      (await baml.future.all(fs)).length()
    }
    """
    assert run(source)[0] == 10_000


def test_both_faces_and_all_async_agree() -> None:
    source = text_of(random_program(Random(3)))
    values = []
    for all_async in (False, True):
        program = compile_sources({"main.baml": source}, emit_all_async=all_async)
        with bamlet.Runtime(program, on_print=lambda line: None, clock=QuickClock()) as rt:
            values.append(rt.call("main"))
    assert values == [run(source)[0]] * 2


class QuickClock(Clock):
    """A thousand times as fast."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 1000)
