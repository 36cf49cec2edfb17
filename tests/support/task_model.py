"""Random programs of tasks: as text of the language, and run by a model of what the language says of tasks.

Every step of a task begins with a sleep of its own, so that no two tasks act at the same time. The model knows no
event loop: a clock, generators that sleep and wait, and futures.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

CANCELLED, DEADLOCK = "baml.panics.Cancelled", "baml.panics.Deadlock"
_SHOWN = {CANCELLED: -1000, DEADLOCK: -2000}


@dataclass(frozen=True)
class Step:
    """`spawn`, `await`, `try` (an await that catches), `cancel`, `throw`, `all`, `race` or `any`, after `ms`."""

    kind: str
    ms: int
    of: int = 0
    bodies: tuple[Body, ...] = ()


@dataclass(frozen=True)
class Body:
    number: int
    steps: tuple[Step, ...]
    gives: int


def random_program(random: Random) -> Body:
    numbers = count(1)
    return _body(random, 0, numbers)


def _body(random: Random, depth: int, numbers: Iterator[int]) -> Body:
    number = next(numbers) if depth else 0
    kinds = ["try", "cancel", "sleep"]
    if depth < 3:
        kinds += ["spawn"] * 4 + ["all", "race", "any"]
    if depth:
        kinds += ["await", "await"]
    steps: list[Step] = []
    for _ in range(random.randint(0, 4) if depth else random.randint(2, 6)):
        kind = random.choice(kinds)
        bodies: tuple[Body, ...] = ()
        if kind in ("spawn", "all", "race", "any"):
            few = 1 if kind == "spawn" else random.randint(1, 3)
            bodies = tuple(_body(random, depth + 1, numbers) for _ in range(few))
        steps.append(Step(kind, random.randint(1, 10**6), random.randint(1, 8), bodies))
    if random.random() < 0.25:
        steps.append(Step("throw", random.randint(1, 10**6), random.randint(1, 99)))
    return Body(number, tuple(steps), random.randint(100, 999))


# --- as text


def text_of(program: Body) -> str:
    fs = "let fs: map<string, baml.future.Future<int, int>> = {};"
    main = f"function main() -> int {{ {fs} {_block(program)} }}"
    return "\n".join([main, *(text for name, text in _FUNCTIONS.items() if f" {name}(" in main)])


_ARMS = f"{{ let n: int => 0 - n, {CANCELLED} => -1000, {DEADLOCK} => -2000 }}"

_SOME = _ARMS.replace("let n: int => 0 - n", "let a: baml.future.AllFailed => a.errors.length()")
_ALL = _ARMS.replace("0 - n", "[0 - n]").replace("-1000", "[-1000]").replace("-2000", "[-2000]")

# What most steps call, so that a program is compiled in half of the time; the others hold the same in place.
_FUNCTIONS = {
    "tried": f"function tried(f: baml.future.Future<int, int>) -> int {{ await f catch (e) {_ARMS} }}",
    **{
        kind: f"function {kind}(fs: baml.future.Future<int, int>[]) -> {gives} "
        f"{{ await baml.future.{kind}(fs) catch (e) {arms} }}"
        for kind, gives, arms in (("race", "int", _ARMS), ("any", "int", _SOME), ("all", "int[]", _ALL))
    },
}
_IN_PLACE = 4  # of so many steps, one


def _block(body: Body) -> str:
    return " ".join([*(_text(body, step) for step in body.steps), f"baml.sys.sleep({body.gives}); {body.gives}"])


def _text(body: Body, step: Step) -> str:
    return f"baml.sys.sleep({step.ms}); {_act(body, step)}"


def _act(body: Body, step: Step) -> str:
    found = f'let f = fs.get("{step.of}");'
    label = f"{body.number}.{step.kind}.{step.of}"
    match step.kind:
        case "spawn":
            (inner,) = step.bodies
            return f'fs.set("{inner.number}", spawn {{ {_block(inner)} }});'
        case "await":
            return f"{{ {found} if (f != null) {{ print(`{label} ${{await f}}`) }} }}"
        case "try":
            tried = f"await f catch (e) {_ARMS}" if body.number % _IN_PLACE == 0 else "tried(f)"
            return f"{{ {found} if (f != null) {{ let r = {tried}; print(`{label} ${{r}}`) }} }}"
        case "cancel":
            return f"{{ {found} if (f != null) {{ print(`{label} ${{f.cancel()}}`) }} }}"
        case "throw":
            return f"throw {step.of};"
        case "sleep":
            return ""
        case _:
            tasks = ", ".join(f"spawn {{ {_block(inner)} }}" for inner in step.bodies)
            arms = {"all": _ALL, "any": _SOME}.get(step.kind, _ARMS)
            waits = f"await baml.future.{step.kind}([{tasks}]) catch (e) {arms}"
            if body.number % _IN_PLACE:
                waits = f"{step.kind}([{tasks}])"
            return f"{{ let r = {waits}; print(`{label} ${{r}}`) }}"


# --- as the model runs it


class Failed(Exception):
    """`value` is a number that was thrown, a list of them from `any`, or the name of a panic."""

    def __init__(self, value: Any) -> None:
        self.value = value


@dataclass(eq=False)
class Outcome:
    number: int
    above: Outcome | None = None
    below: list[Outcome] = field(default_factory=list)
    state: str = "Pending"
    value: Any = None
    observed: bool = False
    heard: list[Any] = field(default_factory=list)
    task: Task | None = None


Way = Generator[tuple[str, Any], Any, Any]


@dataclass(eq=False)
class Task:
    way: Way
    outcome: Outcome | None
    awaits: Outcome | None = None
    turn: int = 0  # what was planned for an earlier turn no longer counts
    thrown: Failed | None = None
    at_end: list[Any] = field(default_factory=list)
    has_ended: bool = False


class Model:
    """`said` are what is printed, with its time; `end` is the value, or the failures in their order."""

    def __init__(self, program: Body) -> None:
        self.said: list[tuple[int, str]] = []
        self.end: Any = None
        self._now = 0
        self._plans: list[tuple[int, int, Task, int]] = []
        self._ready: deque[Task] = deque()
        self._numbers = count(1)
        self._all: list[Outcome] = []
        self._named: dict[int, Outcome] = {}
        self._waiting: dict[Task, None] = {}
        main = Task(self._run(program, None), None)
        self._ready.append(main)
        self._main = main
        self._go()

    def _go(self) -> None:
        while True:
            while self._ready:
                self._step(self._ready.popleft())
                if isinstance(self.end, list):
                    return
            if self._plans:
                at, _, task, turn = heapq.heappop(self._plans)
                if task.turn == turn:
                    self._now = at
                    self._ready.append(task)
            elif self._waiting:
                stuck = next(iter(self._waiting))
                stuck.thrown = Failed(DEADLOCK)
                self._resume(stuck)
            else:
                break
        failed = [
            "baml.future.AllFailed" if isinstance(one.value, list) else one.value
            for one in self._all
            if one.state == "Error" and not one.observed
        ]
        if failed:
            self.end = failed

    def _resume(self, task: Task) -> None:
        self._waiting.pop(task, None)
        task.turn += 1
        self._ready.append(task)

    def _step(self, task: Task) -> None:
        if task.has_ended:
            return
        task.turn += 1
        self._waiting.pop(task, None)
        thrown, task.thrown = task.thrown, None
        awaited, task.awaits = task.awaits, None
        try:
            if thrown is None and awaited is not None:
                awaited.observed = True
                if awaited.state != "Ready":
                    thrown = Failed(CANCELLED if awaited.state == "Cancelled" else awaited.value)
            given = awaited.value if awaited is not None else None
            what, of = task.way.throw(thrown) if thrown else task.way.send(given)
        except StopIteration as ended:
            self._ended(task, "Ready", ended.value)
        except Failed as failure:
            self._ended(task, "Error", failure.value)
        else:
            self._plan(task, what, of)

    def _plan(self, task: Task, what: str, of: Any) -> None:
        if what == "sleep":
            heapq.heappush(self._plans, (self._now + of, next(self._numbers), task, task.turn))
            return
        task.awaits = of
        if of.state != "Pending":
            self._resume(task)
            return
        self._waiting[task] = None
        of.heard.append(lambda: self._waiting_ends(task, of))

    def _waiting_ends(self, task: Task, awaited: Outcome) -> None:
        if task in self._waiting and task.awaits is awaited:
            self._resume(task)

    def _ended(self, task: Task, state: str, value: Any) -> None:
        if task is self._main:
            self.end = value if state == "Ready" else [value]
            return
        assert task.outcome is not None
        self._settle(task.outcome, state, value)
        task.has_ended = True
        for each in task.at_end:
            each(task)

    def _settle(self, outcome: Outcome, state: str, value: Any) -> None:
        if outcome.state != "Pending":
            return
        outcome.state, outcome.value = state, value
        heard, outcome.heard = outcome.heard, []
        for each in heard:
            each()

    def _cancel(self, outcome: Outcome) -> bool:
        if outcome.state != "Pending":
            return False
        self._settle(outcome, "Cancelled", None)
        task = outcome.task
        if task is not None:
            task.thrown = Failed(CANCELLED)
            if task not in self._ready:
                self._resume(task)
        for below in list(outcome.below):
            self._cancel(below)
        return True

    # --- what a task does

    def _outcome(self, above: Outcome | None = None) -> Outcome:
        made = Outcome(next(self._numbers), above)
        self._all.append(made)
        if above is not None:
            above.below.append(made)
        return made

    def _spawn(self, body: Body, above: Outcome | None) -> Outcome:
        made = self._outcome(above)
        made.task = Task(self._run(body, made), made)
        self._ready.append(made.task)
        return made

    def _run(self, body: Body, own: Outcome | None) -> Way:
        for step in body.steps:
            yield "sleep", step.ms
            yield from self._act(body, step, own)
        yield "sleep", body.gives
        return body.gives

    def _act(self, body: Body, step: Step, own: Outcome | None) -> Way:
        found = self._named.get(step.of)
        label = f"{body.number}.{step.kind}.{step.of}"
        if step.kind == "spawn":
            self._named[step.bodies[0].number] = self._spawn(step.bodies[0], own)
        elif step.kind == "throw":
            raise Failed(step.of)
        elif step.kind in ("all", "race", "any"):
            together = self._together(step.kind, [self._spawn(inner, own) for inner in step.bodies])
            shown = yield from self._try(together)
            self._say(label, [shown] if step.kind == "all" and isinstance(shown, int) else shown)
        elif found is None or step.kind == "sleep":
            return
        elif step.kind == "cancel":
            self._say(label, "true" if self._cancel(found) else "false")
        elif step.kind == "try":
            self._say(label, (yield from self._try(found)))
        else:
            self._say(label, (yield "wait", found))

    def _try(self, awaited: Outcome) -> Generator[tuple[str, Any], Any, Any]:
        try:
            return (yield "wait", awaited)
        except Failed as failure:
            value = failure.value
            if isinstance(value, list):
                return len(value)
            return _SHOWN[value] if isinstance(value, str) else -value

    def _say(self, label: str, value: Any) -> None:
        self.said.append((self._now, f"{label} {value}"))

    def _together(self, kind: str, inputs: list[Outcome]) -> Outcome:
        whole = self._outcome()
        done: list[Outcome] = []

        def decide(by: Outcome) -> None:
            done.append(by)
            stopped = {other.task for other in inputs if self._cancel(other)}
            if kind != "all" or not stopped:
                self._settle(whole, by.state, by.value)
                return

            def left(task: Task) -> None:
                stopped.discard(task)
                if not stopped:
                    self._settle(whole, by.state, by.value)

            for task in list(stopped):
                assert task is not None
                task.at_end.append(left)

        def heard(one: Outcome) -> None:
            one.observed |= one.state == "Error"
            if done:
                return
            is_ready = all(each.state == "Ready" for each in inputs)
            if (
                kind == "race"
                or (kind == "any" and (one.state == "Ready" or isinstance(one.value, str)))
                or (kind == "all" and one.state != "Ready")
            ):
                decide(one)
            elif kind == "all" and is_ready:
                self._settle(whole, "Ready", [each.value for each in inputs])
            elif kind == "any" and all(each.state != "Pending" for each in inputs):
                self._settle(whole, "Error", [each.value for each in inputs if each.state == "Error"])

        for one in inputs:
            one.heard.append(lambda one=one: heard(one))
        return whole
