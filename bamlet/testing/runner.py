"""Many runs at once: a program and a plan in, events out as things happen.

A run is a test with a client and a number. Each has a runtime of its own, since its cassette and the turns of its
round-robin clients are its own; connections are shared.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Any

from ..embed import AbortController
from ..embed.abort import tell
from ..embed.constraints import now_ms
from ..embed.runtime import Program
from ..records import dataclass, field
from .answers import Answers, Undecided
from .outcome import (
    Case,
    Cell,
    Ended,
    Event,
    Progress,
    RunEnded,
    RunKey,
    RunResult,
    RunStarted,
    Started,
    Summary,
    TestEnded,
    TestResult,
)
from .prompts import Prompts
from .running import Options, run_once, undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`clients` None is the one that each function names. After `max_failures` failed runs no other is begun."""

    cases: tuple[Case, ...]
    clients: tuple[str | None, ...] = (None,)
    runs: int = 1
    pass_rate: float = 1.0
    parallel: int = 10
    max_failures: int | None = None
    options: Options = field(default_factory=Options)
    progress: bool = False

    def keys(self) -> list[RunKey]:
        return [
            RunKey(case, client, number)
            for case in self.cases
            for client in self.clients
            for number in range(1, self.runs + 1)
        ]


async def run(
    program: Program,
    plan: Plan,
    answers: Answers,
    stop: AbortController | None = None,
    prompts: Prompts | None = None,
) -> AsyncGenerator[Event, None]:
    """`stop` cancels what runs and begins nothing else; what was found is told all the same. Closes `answers`.

    A test whose prompt is not the one that `prompts` knows is not run.
    """
    board = _Board(program, plan, answers, prompts)
    forget = None
    if stop is not None:
        forget = stop.listen(partial(tell, asyncio.get_running_loop(), board.stop))
    work = asyncio.create_task(board.work())
    try:
        while (event := await board.events.get()) is not None:
            yield event
        await work
    finally:
        if forget is not None:
            forget()
        # Whoever leaves early waits for the sockets to be closed, and then for nothing else. The word comes before
        # the deed: a test that never waits runs in a thread, which no cancellation reaches, and for which the
        # event loop would wait at its end.
        board.stop()
        work.cancel()
        try:
            await asyncio.wait({work})
        finally:
            await answers.aclose()


class _Board:
    """Who runs, who waits, and what came of those that ran."""

    def __init__(self, program: Program, plan: Plan, answers: Answers, prompts: Prompts | None) -> None:
        self.events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._program = program
        self._plan = plan
        self._answers = answers
        self._prompts = prompts
        self._waiting = deque(plan.keys())
        self._left = dict.fromkeys(plan.cases, len(plan.clients) * plan.runs)
        self._results: dict[RunKey, RunResult] = {}
        self._under_way: dict[RunKey, AbortController] = {}
        self._gates: dict[str | None, _Gate] = {client: _Gate(plan.parallel) for client in plan.clients}
        self._changed = asyncio.Event()
        self._failures = 0
        self._stopped = False
        self._notes: list[str] = []

    async def work(self) -> None:
        begun = now_ms()
        self._tell(Started(len(self._plan.cases), len(self._waiting)))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._plan.parallel, len(self._waiting))):
                    group.create_task(self._worker())
            tests = tuple(self._test(case) for case in self._plan.cases)
            problems = () if self._stopped else self._left_over()
            self._tell(Ended(Summary(tests, (now_ms() - begun) / 1000, tuple(self._notes), problems)))
        finally:
            # After whatever ended it: who reads events would wait for ever, and hears of a failure from the task.
            self.events.put_nowait(None)

    def _left_over(self) -> tuple[str, ...]:
        return (*self._answers.unused(), *(self._prompts.leftover() if self._prompts is not None else ()))

    def stop(self) -> None:
        """Begin no other run, and cancel those under way."""
        self._stopped = True
        self._changed.set()
        for abort in list(self._under_way.values()):
            abort.abort()

    def _tell(self, event: Event) -> None:
        self.events.put_nowait(event)

    # --- runs

    async def _worker(self) -> None:
        while (key := await self._next()) is not None:
            gate = self._gates[key.client]
            gate.running += 1
            try:
                result = await self._run(key, gate)
            finally:
                gate.running -= 1
                self._changed.set()
            # In the same turn: the others look at the gate when it has been told how the run went.
            self._take(key, result)

    async def _next(self) -> RunKey | None:
        """The first that waits and whose client has room; nothing more when there is none left to begin."""
        while not self._stopped and self._waiting:
            key = next((key for key in self._waiting if self._gates[key.client].is_open), None)
            if key is not None:
                self._waiting.remove(key)
                return key
            # Nothing is awaited between the look and this: a change that came there would be cleared unheard.
            self._changed.clear()
            await self._changed.wait()
        return None

    async def _run(self, key: RunKey, gate: _Gate) -> RunResult:
        abort = self._under_way[key] = AbortController()
        self._tell(RunStarted(key))
        watch = self._watch(key) if self._plan.progress else None
        try:
            changed = await self._prompts.problem(key.case) if self._prompts is not None else None
            if changed is not None:
                return RunResult(key, "failed", error=changed)
            means = self._answers.means(key, lambda: self._limit(key, gate), several=self._plan.runs > 1)
            return await run_once(self._program, key, means, self._plan.options, abort, watch)
        except Undecided as failure:
            return undecided(key, failure)
        finally:
            del self._under_way[key]

    def _limit(self, key: RunKey, gate: _Gate) -> None:
        if gate.narrow():
            name = key.client or "a client"
            self._notes.append(f"{name} was asked too often (429): at most {gate.limit} of its runs at once")

    def _watch(self, key: RunKey) -> Any:
        def watch(characters: int, partial: Any) -> None:
            self._tell(Progress(key, characters, last_place(partial)))

        return watch

    def _take(self, key: RunKey, result: RunResult) -> None:
        if result.status == "passed":
            self._gates[key.client].widen()
        self._results[key] = result
        self._tell(RunEnded(result))
        if result.status in ("failed", "errored"):
            self._failures += 1
            if self._plan.max_failures is not None and self._failures >= self._plan.max_failures:
                self.stop()
        self._left[key.case] -= 1
        if self._left[key.case] == 0:
            self._tell(TestEnded(self._test(key.case)))

    def _test(self, case: Case) -> TestResult:
        """A run that never began was cancelled."""
        cells = []
        for client in self._plan.clients:
            keys = [RunKey(case, client, number) for number in range(1, self._plan.runs + 1)]
            runs = tuple(self._results.get(key) or RunResult(key, "cancelled") for key in keys)
            cells.append(Cell(client, runs, self._plan.pass_rate))
        return TestResult(case, tuple(cells))


@dataclass(slots=True)
class _Gate:
    """How many runs of one client go at once: halved by each 429, all of them again after a success."""

    most: int
    running: int = 0
    limit: int = 0

    def __post_init__(self) -> None:
        self.limit = self.most

    @property
    def is_open(self) -> bool:
        return self.running < self.limit

    def narrow(self) -> bool:
        before = self.limit
        self.limit = max(1, min(self.limit, self.running) // 2)
        return self.limit < before

    def widen(self) -> None:
        self.limit = self.most


def last_place(partial: Any) -> str:
    """Where a value grew last, as far as its shape tells: the last field that is there, the last item."""
    path = ""
    while True:
        names: Sequence[str] = getattr(partial, "__fields__", ())
        if names:
            there = [name for name in names if getattr(partial, name) is not None]
            if not there:
                return path
            path = f"{path}.{there[-1]}" if path else there[-1]
            partial = getattr(partial, there[-1])
        elif isinstance(partial, list) and partial:
            path, partial = f"{path}[{len(partial) - 1}]", partial[-1]
        else:
            return path
