"""Runs of a program: each is a call in a task of its own that writes a log, whoever reads it. HTTP is elsewhere.

A run outlives the request that began it: it ends by itself, when it is cancelled, or when nobody has read it for a
while.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, Literal, Protocol, TypeAlias

from ..embed import AbortController, AsyncRuntime, CallContext
from ..embed.log import Event, EventLog
from ..embed.runtime import unix_time
from ..embed.stream import AsyncStream, StreamEvent
from ..records import dataclass, replace
from ..sap import Report
from .errors import Problem, Refused, cancelled, overloaded, problem_of, refused, shutting_down
from .events import Recorder
from .limits import Limits, OnDisconnect
from .peers import RUN

State: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
Verb: TypeAlias = Literal["call", "stream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run is to do, and for whom. `key` is the caller's own name for it, `digest` tells bodies apart."""

    verb: Verb
    function: str
    arguments: Mapping[str, Any]
    context: CallContext
    owner: str | None
    on_disconnect: OnDisconnect = "grace"
    key: str | None = None
    digest: str = ""


class Run:
    """One call. `subscribers` read it now; `problem` is why it has no value."""

    def __init__(
        self, wanted: Wanted, runtime: AsyncRuntime, limits: Limits, *, shows_answers: bool, process: int = 1
    ) -> None:
        self.id = f"r{process}_{secrets.token_hex(16)}"
        self.wanted = wanted
        self.state: State = "queued"
        self.log = EventLog(limits.log_events, limits.log_bytes)
        self.problem: Problem | None = None
        self.started = unix_time(runtime)
        self.ended: float | None = None
        self.subscribers = 0
        self._limits = limits
        self.runtime = runtime
        self._shows_answers = shows_answers
        self._stopped: Problem | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        now = asyncio.get_running_loop().time
        self.recorder = Recorder(self.log, now)
        given = wanted.context
        self._abort = given.cancel or AbortController()
        self._report = Report()
        context = replace(
            given,
            cancel=self._abort,
            collector=(*given.collectors, self.recorder.collector),
            deadline=limits.max_seconds if given.deadline is None else min(given.deadline, limits.max_seconds),
            on_report=self._reported,
        )
        # Bound now: arguments that do not fit are no run.
        self._produce = _PRODUCERS[wanted.verb](self, runtime, context)

    # --- running

    def begin(self, slots: asyncio.Semaphore, ended: Callable[[Run], None]) -> None:
        self.recorder.start(self.id, self.wanted.function)
        self._task = asyncio.create_task(self._run(slots, ended))
        # Beside the `finally`, to which a task that is cancelled before its first step never comes.
        self._task.add_done_callback(lambda _: self._over(ended))

    async def _run(self, slots: asyncio.Semaphore, ended: Callable[[Run], None]) -> None:
        try:
            async with slots:
                self.state = "running"
                value = await self._produce()
                self.recorder.final(value, self._report)
                self.state = "done"
        except asyncio.CancelledError:
            self._fail(self._stopped or shutting_down())
        except Exception as failure:
            self._fail(self._stopped or problem_of(failure, shows_answers=self._shows_answers))
        finally:
            # Before the task ends: whoever has read the end of the log finds the run among those that have ended.
            self._over(ended)

    def _over(self, ended: Callable[[Run], None]) -> None:
        """Whatever happened, there is one end in the log: its readers leave, and nobody waits for ever."""
        if self.ended is not None:
            return
        if not self.is_over:  # it never began, or what a callback of the host has raised ends the process
            self._fail(self._stopped or shutting_down())
        self.ended = unix_time(self.runtime)
        self._forget_leaving()
        ended(self)

    def _fail(self, problem: Problem) -> None:
        self.problem = problem
        self.state = "cancelled" if problem.slug in ("cancelled", "shutting_down") else "failed"
        self.recorder.error(problem, self.id)

    def _reported(self, report: Report) -> None:
        self._report = report
        if self.wanted.context.on_report is not None:
            self.wanted.context.on_report(report)

    @property
    def is_over(self) -> bool:
        return self.log.end is not None

    @property
    def end(self) -> Event:
        assert self.log.end is not None
        return self.log.end

    def cancel(self, why: Problem | None = None) -> None:
        """Stop the call: its socket is closed, and its log ends with an error. Again, nothing happens."""
        if self.is_over or self._stopped is not None:
            return
        # First, since the task that we stop reads why. One that waits in the queue listens to no controller yet;
        # one that runs is told by its controller, which alone reaches code that never waits.
        self._stopped = why or cancelled()
        if self.state == "queued" and self._task is not None:
            self._task.cancel()
        else:
            self._abort.abort()

    async def wait_end(self) -> None:
        if self._task is not None:
            # Not awaited itself: whoever waits may be cancelled without the run.
            await asyncio.wait({self._task})

    # --- readers

    @contextmanager
    def attended(self) -> Iterator[None]:
        """A reader is there. When the last one leaves a run that is not over, its patience begins."""
        self.subscribers += 1
        self._forget_leaving()
        try:
            yield
        finally:
            self.subscribers -= 1
            if self.subscribers == 0 and not self.is_over:
                self._leave()

    def _leave(self) -> None:
        match self.wanted.on_disconnect:
            case "cancel":
                self.cancel()
            case "grace":
                self._leaving = asyncio.get_running_loop().call_later(self._limits.grace, self.cancel)
            case "keep":
                pass

    def _forget_leaving(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def described(self) -> dict[str, Any]:
        """What `GET /runs/{id}` says."""
        told: dict[str, Any] = {
            "id": self.id,
            "function": self.wanted.function,
            "state": self.state,
            "last_event": self.log.last,
        }
        if self.state == "done":
            told["value"] = self.end.data["value"]
        if self.problem is not None:
            told["error"] = self.problem.body(self.id)
        return {**told, "usage": self.recorder.usage, "started": self.started, "ended": self.ended}


def _streaming(run: Run, runtime: AsyncRuntime, context: CallContext) -> Callable[[], Any]:
    wanted = run.wanted
    stream = runtime.stream(wanted.function, wanted.arguments, context=context, partials="all")

    functions = runtime.program.interface.functions.values()
    has_agents = any(function.llm is not None and function.llm.tools for function in functions)

    async def produce() -> Any:
        async with stream, aclosing(stream.batches(ticks=True, agents=has_agents)) as batches:
            await _record(run.recorder, stream, batches)
        return await stream.final()

    return produce


async def _record(
    recorder: Recorder, stream: AsyncStream, batches: AsyncGenerator[list[StreamEvent], None]
) -> None:
    async for batch in batches:
        for shown in batch:
            recorder.take(shown, stream)


def _calling(run: Run, runtime: AsyncRuntime, context: CallContext) -> Callable[[], Any]:
    return runtime.prepare(run.wanted.function, run.wanted.arguments, {}, context).run


_PRODUCERS: Mapping[Verb, Callable[[Run, AsyncRuntime, CallContext], Callable[[], Any]]] = {
    "stream": _streaming,
    "call": _calling,
}


class Store(Protocol):
    """Where runs are found again."""

    def add(self, run: Run) -> None: ...

    def get(self, run: str) -> Run | None: ...

    def remove(self, run: str) -> None: ...

    def __iter__(self) -> Iterator[Run]: ...


class Runs:
    """The runs of one process, by their ids, in the order of their beginning."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def add(self, run: Run) -> None:
        self._runs[run.id] = run

    def get(self, run: str) -> Run | None:
        return self._runs.get(run)

    def remove(self, run: str) -> None:
        self._runs.pop(run, None)

    def __iter__(self) -> Iterator[Run]:
        return iter(list(self._runs.values()))


class Desk:
    """Takes runs in, within the limits, and lets those go that have ended."""

    def __init__(
        self,
        limits: Limits,
        store: Store | None = None,
        *,
        shows_answers: bool = False,
        on_start: Callable[[Run], object] | None = None,
        on_end: Callable[[Run], object] | None = None,
        process: int = 1,
        on_key_free: Callable[[str | None, str], object] | None = None,
    ) -> None:
        self.limits = limits
        self.store: Store = store if store is not None else Runs()
        self.is_draining = False
        self._shows_answers = shows_answers
        self._slots = asyncio.Semaphore(limits.max_runs)
        self._keys: dict[tuple[str | None, str], Run] = {}
        self._active: dict[str, Run] = {}
        self._ended: dict[str, tuple[Run, asyncio.TimerHandle]] = {}
        self._kept_bytes = 0
        self._on_start = on_start
        self._on_end = on_end
        self._process = process
        self._on_key_free = on_key_free

    @property
    def active(self) -> list[Run]:
        return list(self._active.values())

    @property
    def log_bytes(self) -> int:
        return self._kept_bytes + sum(run.log.size for run in self._active.values())

    def start(self, runtime: AsyncRuntime, wanted: Wanted) -> Run:
        """Raises `Refused`, and `BamlInvalidArgumentError` for arguments that do not fit."""
        if (known := self._known(wanted)) is not None:
            return known
        if self.is_draining:
            raise Refused(shutting_down())
        if len(self._active) >= self.limits.max_runs + self.limits.queue:
            raise overloaded(self.limits.max_runs)
        run = Run(wanted, runtime, self.limits, shows_answers=self._shows_answers, process=self._process)
        # Known everywhere before it begins, and nothing is awaited since it was looked for: a second request under
        # the same name finds this run, and its end finds what it takes away.
        self._active[run.id] = run
        self.store.add(run)
        if wanted.key is not None:
            self._keys[wanted.owner, wanted.key] = run
        if self._on_start is not None:
            self._on_start(run)
        run.begin(self._slots, self._has_ended)
        return run

    def knows(self, owner: str | None, key: str) -> bool:
        return (owner, key) in self._keys

    def _known(self, wanted: Wanted) -> Run | None:
        """The run that a caller began under the same name, who may not have seen the answer's head."""
        if wanted.key is None:
            return None
        run = self._keys.get((wanted.owner, wanted.key))
        if run is not None and run.wanted.digest != wanted.digest:
            raise refused(409, "bad_request", "this Idempotency-Key stands for another request; use a fresh one")
        return run

    def find(self, number: str, owner: str | None) -> Run:
        """Raises `Refused`; the run of another token is not there either."""
        run = self.store.get(number)
        if run is None or run.wanted.owner != owner:
            slug = "run_lost" if RUN.match(number) else "not_found"
            raise refused(404, slug, "there is no such run; it may have ended long ago, or the server is new")
        return run

    def _has_ended(self, run: Run) -> None:
        del self._active[run.id]
        timer = asyncio.get_running_loop().call_later(self.limits.keep, self._let_go, run.id)
        self._ended[run.id] = (run, timer)
        self._kept_bytes += run.log.size
        while self._kept_bytes > self.limits.kept_bytes and len(self._ended) > 1:
            self._let_go(next(iter(self._ended)))
        if self._on_end is not None:
            self._on_end(run)

    def _let_go(self, number: str) -> None:
        run, timer = self._ended.pop(number)
        timer.cancel()
        self._kept_bytes -= run.log.size
        self.store.remove(number)
        if run.wanted.key is not None:
            self._keys.pop((run.wanted.owner, run.wanted.key), None)
            if self._on_key_free is not None:
                self._on_key_free(run.wanted.owner, run.wanted.key)

    async def drain(self, seconds: float) -> None:
        """No new runs; those that go on may end within a time, and are then cancelled."""
        self.is_draining = True
        if self._active:
            # Once for both waits: the first may end before they do.
            waits = [asyncio.ensure_future(run.wait_end()) for run in self.active]
            await asyncio.wait(waits, timeout=seconds)
            for run in self.active:
                run.cancel(shutting_down())
            await asyncio.wait(waits)

    def close(self) -> None:
        """Forget what has ended. Runs that go on were drained."""
        for number in list(self._ended):
            self._let_go(number)
