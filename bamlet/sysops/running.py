"""The tasks of one call of the host: what runs beside its main task, what each will give, and who waits for whom.

It is below `spawn` and `baml.task.*` alike. A call ends when all of its tasks have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from ..interpreter.runtime.failures import CATCHABLE, OF_PYTHON, Panic, as_panic
from ..records import dataclass, field
from ..wire.closing import uninterrupted

if TYPE_CHECKING:
    from .handles import HandleScope
    from .voices import Voice

State = Literal["Pending", "Ready", "Error", "Cancelled"]


class Unawaited(Exception):
    """What tasks have thrown for which nobody waited, in the order in which they were started."""

    def __init__(self, failures: list[BaseException]) -> None:
        super().__init__(f"{len(failures)} failures of tasks that nothing awaited")
        self.failures = failures


class Future:
    """The outcome of a task, or of several. `below` are those that it has started and that still run."""

    __slots__ = (
        "_listeners",
        "above",
        "below",
        "failure",
        "inputs",
        "number",
        "observed",
        "state",
        "stop",
        "task",
        "tasks",
        "value",
    )

    def __init__(self, tasks: Tasks, above: Future | None, number: int) -> None:
        self.tasks = tasks
        self.number = number
        self.state: State = "Pending"
        self.value: Any = None
        self.failure: BaseException | None = None
        self.observed = False
        self.stop: Callable[[], None] = nothing
        self.task: asyncio.Task[None] | None = None  # none of one that is made of others
        self.inputs: tuple[Future, ...] = ()  # of one that is made of others
        self.above = above
        self.below: dict[Future, None] = {}
        self._listeners: list[Callable[[], None]] = []
        if above is not None:
            above.below[self] = None

    @property
    def pending(self) -> bool:
        return self.state == "Pending"

    @property
    def ends_the_call(self) -> bool:
        """Whether it failed with what no program may take for its own, such as a word of the host's transport."""
        return self.failure is not None and not isinstance(self.failure, CATCHABLE)

    def is_brought_by(self, tasks: Tasks) -> bool:
        """Whether nothing but tasks of that call can bring an outcome."""
        if self.tasks is not tasks:
            return False
        return all(future.is_brought_by(tasks) for future in self.inputs if future.pending)

    def listen(self, heard: Callable[[], None]) -> None:
        """Call back as soon as there is an outcome, which may be now."""
        if self.pending:
            self._listeners.append(heard)
        else:
            heard()

    def give(self, value: Any) -> None:
        if self.state == "Pending":
            self.value = value
            self._settle("Ready")

    def fail(self, failure: BaseException) -> None:
        """What a task throws that was cancelled is of no interest."""
        if self.pending:
            self.failure = failure
            self._settle("Error")

    def cancel(self) -> bool:
        """Cancelled from now on, whenever the task comes to hear of it. False if there is an outcome already."""
        if not self.pending:
            return False
        # The outcome before the deed: whatever the task gives or throws on its way out comes too late to count.
        self._settle("Cancelled")
        self.stop()
        self.cancel_below()
        return True

    def cancel_below(self) -> None:
        for future in list(self.below):
            future.cancel()

    def _settle(self, state: State) -> None:
        # The state before the listeners, since one of them may ask, cancel, or listen anew; and the list is taken
        # away, so that none is called twice.
        self.state = state
        self.inputs = ()
        if self.above is not None:
            self.above.below.pop(self, None)
        listeners, self._listeners = self._listeners, []
        for heard in listeners:
            heard()
        # After the listeners, of which one may have observed a failure that nobody is to be told of then.
        if state == "Error" and not self.observed:
            self.tasks.failed_with(self, is_awaited=bool(listeners))

    def outcome(self) -> Any:
        """The value, or raises what there is instead. Who has looked knows."""
        self.observe()
        if self.state == "Cancelled":
            raise cancelled()
        if isinstance(self.failure, OF_PYTHON):
            raise as_panic(self.failure) from self.failure
        if self.failure is not None:
            raise self.failure
        return self.value

    def observe(self) -> None:
        if not self.observed:
            self.observed = True
            self.tasks.failed.pop(self, None)


def nothing() -> None:
    """Nothing runs that could be stopped."""


def cancelled() -> Panic:
    return Panic("the task was cancelled", "Cancelled")


@dataclass(slots=True, eq=False)
class Tasks:
    """Of one call; or, without a main task, those of a runtime that are detached.

    `alive` counts the tasks that have not ended. Those of `_waiting` wait for other tasks: when these are all of
    them, and each says that it waits for nothing but tasks of the same call, none will ever go on. It is asked
    then and not when it began to wait, for in a group the turn passes from a task of one call to one of another.
    """

    scope: HandleScope | None = None
    voice: Voice | None = None
    on_failure: Callable[[Future], None] | None = None
    alive: int = 1
    ending: bool = False  # it is stopped by its host, and nothing in it goes on
    running: dict[asyncio.Task[None], None] = field(default_factory=dict)  # an empty set takes three times as much
    failed: dict[Future, None] = field(default_factory=dict)
    _count: int = 0
    _waiting: dict[asyncio.Future[None], Callable[[], bool]] = field(default_factory=dict)

    # --- of tasks

    def future(self, above: Future | None = None) -> Future:
        """A new one. What it fails with comes out of the call, unless somebody looks at it."""
        self._count += 1
        return Future(self, above, self._count)

    def failed_with(self, future: Future, is_awaited: bool) -> None:
        """Nobody has looked at this failure yet."""
        if self.on_failure is not None:
            # Nobody may ever look: told at once, unless somebody waits for it.
            if not is_awaited:
                self.on_failure(future)
        else:
            self.failed[future] = None

    def run(self, task: asyncio.Task[None], future: Future, then: Callable[[], None] = nothing) -> None:
        """Keep a task that was just made until it has ended."""
        self.running[task] = None
        self.alive += 1
        task.add_done_callback(partial(self._ended, future, then))

    def _ended(self, future: Future, then: Callable[[], None], task: asyncio.Task[None]) -> None:
        # The first of its callbacks, since it was added when the task was made: whoever waits for the task goes on
        # when its outcome is known and it is counted no more.
        self.running.pop(task, None)
        then()
        # One that was stopped before its first step has said nothing itself.
        if task.cancelled():
            future.cancel()
        elif (failure := task.exception()) is not None:
            future.fail(failure)  # the process is to end, or it could not let go of something
        # Last: the outcome has woken who waited for it, so that none of them is counted among those who wait.
        self.leave()

    def join(self) -> None:
        """One more task runs, which whoever has started it waits for."""
        self.alive += 1

    def leave(self) -> None:
        self.alive -= 1
        self.suspect_deadlock()

    # --- waiting

    def wait_for(self, future: Future) -> Coroutine[Any, Any, None]:
        """For an outcome that is still to come."""
        waiter = asyncio.get_running_loop().create_future()
        future.listen(partial(_wake, waiter))
        return self.block(waiter, partial(future.is_brought_by, self))

    async def block(self, waiter: asyncio.Future[None], is_ours: Callable[[], bool] = lambda: True) -> None:
        """Wait for what another task brings; `is_ours` says whether that is one of the call."""
        self._waiting[waiter] = is_ours
        self.suspect_deadlock()
        try:
            await waiter
        finally:
            del self._waiting[waiter]

    def suspect_deadlock(self) -> None:
        if self._waiting and len(self._waiting) >= self.alive:
            # Not now: of what hears of the end of a task, some may not have been told yet.
            asyncio.get_running_loop().call_soon(self._look_for_deadlock)

    def _look_for_deadlock(self) -> None:
        assert len(self._waiting) <= self.alive, "more tasks wait than there are"
        if len(self._waiting) < self.alive or not self._waiting:
            return
        # A waiter that is done belongs to a task that will go on, also if it was cancelled.
        if any(waiter.done() or not is_ours() for waiter, is_ours in self._waiting.items()):
            return
        message = "all tasks of the call wait for each other"
        next(iter(self._waiting)).set_exception(Panic(message, "Deadlock"))

    # --- the end

    async def finish(self) -> None:
        """The main task has given its value: wait for the others. Raises `Unawaited`."""
        # Before the wait, which is for all of them: if they wait for each other, this is the moment when it shows.
        self.leave()
        while self.running:
            await asyncio.wait(self.running)
        if not self.failed:
            return
        failures = [future.failure for future in sorted(self.failed, key=lambda future: future.number)]
        self.failed.clear()
        told = [failure for failure in failures if failure is not None]
        for failure in told:
            if not isinstance(failure, CATCHABLE):
                raise failure
        if told:
            raise Unawaited(told)

    async def stop(self) -> None:
        """Stop all, and wait until they have let go. What they throw is of no interest."""
        # Before any of them hears of it: else a task that the program had cancelled takes our stop for the
        # program's, catches it, and goes on.
        self.ending = True
        await uninterrupted(self._stop())

    async def _stop(self) -> None:
        while self.running:  # one that lets go may start another
            for task in list(self.running):
                task.cancel()
            await asyncio.wait(self.running)
        self.failed.clear()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


async def first_end(tasks: Tasks, ended: Iterable[asyncio.Task[Any]]) -> None:
    """Until one of the tasks has ended, all of which belong to the call."""
    waiter = asyncio.get_running_loop().create_future()
    listened = list(ended)

    def heard(task: asyncio.Task[Any]) -> None:
        _wake(waiter)

    for task in listened:
        task.add_done_callback(heard)
    try:
        await tasks.block(waiter)
    finally:
        for task in listened:
            task.remove_done_callback(heard)
