"""Ending a call before its time, and recursion without end. A program cannot stop itself from outside."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import bamlet
from bamlet.deep import CALL_FRAMES
from bamlet.embed.stop import Stop
from bamlet.interpreter.runtime import loops
from bamlet.interpreter.runtime.failures import Cancelled
from bamlet.sysops.clock import Clock

SOURCE = """
function started() -> null { env.get("STARTED"); null }
function while_loop() -> int { started(); while (true) { } 0 }
function c_style() -> int { started(); for (let i = 0; true; i += 1) { } 0 }
function for_in() -> int { started(); while (true) { for (x in [1, 2]) { if (x < 0) { return 0; } } } 0 }
function nested() -> int {
  let xs = numbers(4000);
  started();
  let n = 0;
  for (a in xs) { for (b in xs) { for (c in xs) { n += 1; } } }
  n
}
function catching() -> int { started(); while (true) { { throw 1 } catch (e) { _ => null }; } 0 }
function calling() -> int { started(); while (true) { chain(10); } 0 }
function branching() -> int { started(); fib(90) }
function through_a_loop() -> int { started(); tree(90) }
function through_values() -> int { started(); twice(90) }
function through_lambdas() -> int { started(); bushes(90) }
function through_builtins() -> int { started(); mapped(90) }
function without_a_loop() -> int { started(); d0() }

function numbers(n: int) -> int[] { let xs: int[] = []; for (let i = 0; i < n; i += 1) { xs.push(i); } xs }
function fib(n: int) -> int { if (n < 2) { n } else { fib(n - 1) + fib(n - 2) } }
function tree(n: int) -> int { if (n == 0) { return 1; } let t = 0; for (x in [1, 2]) { t += tree(n - 1); } t }
function twice(n: int) -> int { let f = twice; if (n == 0) { 1 } else { f(n - 1) + f(n - 1) } }
function bushes(n: int) -> int {
  let f = (x: int) -> int { bushes(x) };
  if (n == 0) { 1 } else { f(n - 1) + f(n - 1) }
}
function mapped(n: int) -> int {
  if (n == 0) { 1 } else { [1, 2].map((x: int) -> int { mapped(n - 1) }).length() }
}
function chain(n: int) -> int { if (n == 0) { 0 } else { 1 + chain(n - 1) } }
function waiting_chain(n: int) -> int { baml.sys.sleep(0); if (n == 0) { 0 } else { 1 + waiting_chain(n - 1) } }
function bottomless(n: int) -> int { 1 + bottomless(n + 1) }
function bottomless_waiting(n: int) -> int { baml.sys.sleep(0); 1 + bottomless_waiting(n + 1) }
function caught_deep_down() -> unknown { bottomless(0) catch (e) { p: baml.panics.StackOverflow => p.message } }
function rounds(n: int) -> int { let i = 0; while (i < n) { i += 1; } i }
""" + "\n".join(
    [*(f"function d{n}() -> int {{ d{n + 1}() + d{n + 1}() }}" for n in range(60)), "function d60() -> int { 1 }"]
)

ENDLESS = (
    "while_loop",
    "c_style",
    "for_in",
    "nested",
    "catching",
    "calling",
    "branching",
    "through_a_loop",
    "through_values",
    "through_lambdas",
    "through_builtins",
    "without_a_loop",
)


@pytest.fixture(scope="module")
def program() -> bamlet.Program:
    return bamlet.compile_sources({"endless.baml": SOURCE})


class _SaysWhenRead(Mapping[str, str]):
    """An environment that tells when the program is under way: its first look calls `started`."""

    def __init__(self, started: Callable[[], object]) -> None:
        self._started = started

    def __getitem__(self, name: str) -> str:
        self._started()
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _AbortingThread:
    """Aborts from a thread of its own, once the program runs."""

    def __init__(self) -> None:
        self.controller = bamlet.AbortController()
        self._started = threading.Event()
        self.environment = _SaysWhenRead(self._started.set)

    def __enter__(self) -> _AbortingThread:
        self._thread = threading.Thread(target=self._abort)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.join(20)

    def _abort(self) -> None:
        if self._started.wait(20):
            self.controller.abort()


@pytest.mark.parametrize("function", ENDLESS)
def test_what_never_waits_stops_when_aborted(program: bamlet.Program, function: str) -> None:
    with (
        _AbortingThread() as aborting,
        bamlet.Runtime(program, environ=aborting.environment) as runtime,
        pytest.raises(bamlet.BamlAbortError),
    ):
        runtime.call(function, context=bamlet.CallContext(cancel=aborting.controller))


@pytest.mark.parametrize("function", ENDLESS)
def test_what_blocks_an_event_loop_stops_when_aborted(program: bamlet.Program, function: str) -> None:
    async def call() -> None:
        with _AbortingThread() as aborting:
            async with bamlet.AsyncRuntime(program, environ=aborting.environment) as runtime:
                await runtime.call(function, context=bamlet.CallContext(cancel=aborting.controller))

    with pytest.raises(bamlet.BamlAbortError):
        asyncio.run(call())


@pytest.mark.parametrize("function", ENDLESS)
def test_what_never_waits_stops_at_its_deadline(program: bamlet.Program, function: str) -> None:
    with (
        bamlet.Runtime(program) as runtime,
        pytest.raises(bamlet.BamlTimeoutError, match="deadline of 50 ms"),
    ):
        runtime.call(function, context=bamlet.CallContext(deadline=0.05))


@pytest.mark.parametrize("function", ENDLESS)
def test_what_never_waits_stops_when_its_steps_are_spent(program: bamlet.Program, function: str) -> None:
    with (
        bamlet.Runtime(program) as runtime,
        pytest.raises(bamlet.BamlAbortError, match="budget of 20,000 steps"),
    ):
        runtime.call(function, context=bamlet.CallContext(max_steps=20_000))


def test_no_task_of_a_call_does_anything_more_when_one_has_spent_its_steps() -> None:
    source = """// bamlet: edition 2
    function spin() -> int { let s = 0; while (true) { s += 1; } s }
    function main() -> int {
      let spinning = spawn { spin() };
      await (spawn { for (let i = 0; i < 9; i += 1) { baml.sys.sleep(1); print("still here"); } 1 })
    }
    """
    said: list[str] = []
    with (
        bamlet.Runtime(bamlet.compile_sources({"main.baml": source}), on_print=said.append) as runtime,
        pytest.raises(bamlet.BamlAbortError, match="budget of 10,000 steps"),
    ):
        runtime.call("main", context=bamlet.CallContext(max_steps=10_000))
    assert said == []


@pytest.mark.parametrize("budget", [1, 63, 64, 65, 5000])
def test_a_budget_is_exact(program: bamlet.Program, budget: int) -> None:
    # A loop takes one round more than its body runs: the one that finds its end.
    context = bamlet.CallContext(max_steps=budget)
    with bamlet.Runtime(program) as runtime:
        assert runtime.call("rounds", n=budget - 1, context=context) == budget - 1
        with pytest.raises(bamlet.BamlAbortError):
            runtime.call("rounds", n=budget, context=context)


class _RoundClock(Clock):
    """The time of a loop: many of its rounds take no time, then each takes a second."""

    QUICK = 10_000

    def __init__(self) -> None:
        self.rounds = 0

    def now(self) -> float:
        return max(0.0, self.rounds - self.QUICK)


def test_slow_rounds_are_looked_at_more_often() -> None:
    # Driven as compiled code does it: a round of a program takes whatever the machine takes for it.
    clock = _RoundClock()
    stop = Stop(clock, 3_000, None)
    looked: list[int] = []

    def look() -> int:
        looked.append(clock.rounds)
        return stop.look()

    def run() -> None:
        for _ in loops.rounds(look):
            clock.rounds += 1

    with pytest.raises(Cancelled):
        run()
    assert looked[-1] == clock.rounds == clock.QUICK + 3_000  # not a round too late
    assert len(looked) < 300, "thousands of rounds were quick"


# --- recursion


def _deep(program: bamlet.Program) -> list[Any]:
    found: list[Any] = []
    with bamlet.Runtime(program) as runtime:
        found += [runtime.call("chain", n=1000), runtime.call("waiting_chain", n=1000)]
        for function in ("bottomless", "bottomless_waiting"):
            with pytest.raises(bamlet.UnhandledThrow, match="stack overflow"):
                runtime.call(function, n=0)
    return found


def test_a_thousand_calls_deep_work_and_bottomless_recursion_is_a_panic(program: bamlet.Program) -> None:
    assert _deep(program) == [1000, 1000]


@pytest.mark.timeout(300)  # no time is looked at, and the machine may be busy
def test_recursion_from_a_thread_with_a_small_stack(program: bamlet.Program) -> None:
    found: list[Any] = []
    before = threading.stack_size(128 * 1024)
    # What other tests have left is not to be collected on this stack: it may be nested deeper than that is.
    gc.collect()
    gc.disable()
    try:
        thread = threading.Thread(target=lambda: found.extend(_deep(program)))
        thread.start()
        thread.join(280)
    finally:
        gc.enable()
        threading.stack_size(before)
    assert found == [1000, 1000]


def test_recursion_on_an_event_loop(program: bamlet.Program) -> None:
    async def call() -> None:
        async with bamlet.AsyncRuntime(program) as runtime:
            assert await runtime.call("chain", n=1000) == 1000
            assert await runtime.call("waiting_chain", n=1000) == 1000
            with pytest.raises(bamlet.UnhandledThrow, match="stack overflow"):
                await runtime.call("bottomless_waiting", n=0)

    asyncio.run(call())


def test_a_program_can_catch_its_own_stack_overflow(program: bamlet.Program) -> None:
    with bamlet.Runtime(program) as runtime:
        assert "stack overflow" in str(runtime.call("caught_deep_down"))


def test_the_limit_of_recursion_is_raised_and_never_lowered(program: bamlet.Program) -> None:
    before = sys.getrecursionlimit()
    try:
        for given, expected in ((1000, CALL_FRAMES), (CALL_FRAMES + 1, CALL_FRAMES + 1)):
            sys.setrecursionlimit(given)
            bamlet.Runtime(program).close()
            assert sys.getrecursionlimit() == expected
    finally:
        sys.setrecursionlimit(before)


# --- constants: what one call changes, no other sees

SHARED = """
class Box { items int[] }
let NUMBERS = [1]
let BOX = Box { items: NUMBERS }
let BIG = fib(15)
function add() -> int { NUMBERS.push(2); BOX.items.push(3); NUMBERS.length() }
function same() -> bool { NUMBERS == NUMBERS && BOX.items == NUMBERS }
function give() -> int[] { NUMBERS }
function big() -> int { BIG }
function fib(n: int) -> int { if (n < 2) { n } else { fib(n - 1) + fib(n - 2) } }
"""


@pytest.mark.parametrize("all_async", [False, True])
def test_a_constant_that_can_be_changed_belongs_to_one_call(all_async: bool) -> None:
    from bamlet.embed import compile_sources

    with bamlet.Runtime(compile_sources({"shared.baml": SHARED}, emit_all_async=all_async)) as runtime:
        assert [runtime.call("add"), runtime.call("add")] == [3, 3]
        assert runtime.call("same") is True
        runtime.call("give").append(9)
        assert runtime.call("give") == [1]
        assert runtime.call("big") == 610
