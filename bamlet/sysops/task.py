"""Several functions of a program at once: the operations behind `baml.task`.

Each runs in a task of its own, with a scope for what it opens and a voice for what it shows. None outlives the
operation that started it: whoever is not needed is stopped, and waited for until its sockets are closed.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from types import TracebackType
from typing import Any, Self

from ..interpreter.runtime.calling import call_value
from ..interpreter.runtime.failures import CATCHABLE, Thrown, as_panic
from ..interpreter.runtime.values import FunctionValue
from ..wire.closing import uninterrupted
from .host import Context
from .registry import Failure, sysop
from .running import first_end
from .timer import first_of


class Branch:
    """One function, running."""

    def __init__(self, context: Context, function: FunctionValue, arguments: tuple[Any, ...]) -> None:
        self._outer = context
        self._host = context.host.branch()
        self._context = context.branch(self._host)
        # What it starts is cancelled with it.
        self._host.future = context.host.tasks.future(context.host.future)
        self.task = asyncio.create_task(self._run(function, arguments))
        # Counted before anything is awaited: the one that starts us waits next, and would be taken for alone.
        context.host.tasks.join()
        self.task.add_done_callback(self._ended)

    async def _run(self, function: FunctionValue, arguments: tuple[Any, ...]) -> Any:
        try:
            return await call_value(self._context, function, *arguments)
        except BaseException:
            # At once and not when somebody looks: another one may be heard, and no socket is held by what failed
            # while the rest of a race goes on. With a value it keeps both, for `take`.
            await self._let_go()
            raise

    def _ended(self, task: asyncio.Task[Any]) -> None:
        # Here and not in a `finally`: a task that is cancelled before its first step never comes to one.
        self._outer.branches.remove(self._context)
        # Looked at, since leaving raises the first failure alone: asyncio would print the others when they are
        # collected, in the middle of whatever runs then.
        if not task.cancelled():
            task.exception()
        assert self._host.future is not None
        self._host.future.give(None)
        self._host.tasks.leave()

    @property
    def has_value(self) -> bool:
        return self.task.done() and not self.task.cancelled() and self.task.exception() is None

    def failure(self) -> Thrown | None:
        """What it threw. Raises what is no throw: a panic, a mistake of ours, the end of the call."""
        if not self.task.done():
            return None
        failure = self.task.exception()
        if failure is None or isinstance(failure, Thrown):
            return failure
        raise as_panic(failure) if isinstance(failure, CATCHABLE) else failure

    async def take(self) -> Any:
        """Its value. What it left open and what it has said belongs to the one that started it."""
        value = self.task.result()
        # The scope first, which awaits nothing: a stop while the voice waits for a consumer finds the handles with
        # their new owner.
        self._host.scope.hand_over()
        await self._host.voice.hand_over()
        return value

    def leave_nothing(self) -> bool:
        """Whether it has ended and holds nothing, so that there is nobody to wait for. Then it is left."""
        if not self.task.done() or self._host.scope.resources:
            return False
        assert self._host.future is not None
        self._host.future.cancel_below()
        self._host.voice.fall_silent()
        return True

    async def leave(self) -> None:
        """Stop it, and wait until it has let go of everything."""
        self.task.cancel()
        assert self._host.future is not None
        self._host.future.cancel_below()
        # Not `await self.task`: what it raises is looked at by `failure`, and must not end the leaving of others.
        await asyncio.wait({self.task})
        # Of one that had a value and was not taken; the others have let go by themselves.
        await self._let_go()

    async def _let_go(self) -> None:
        # Silent first: closing may take its time, and the next to be heard should not wait for it.
        self._host.voice.fall_silent()
        await self._host.scope.aclose()


class Branches:
    """Functions that run at once. Leaving stops those that still run and closes what was not taken."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.all: list[Branch] = []

    def start(self, function: FunctionValue, *arguments: Any) -> Branch:
        branch = Branch(self._context, function, arguments)
        self.all.append(branch)
        return branch

    def failures(self) -> list[Thrown]:
        return [failure for branch in self.all if (failure := branch.failure()) is not None]

    def winner(self) -> Branch | None:
        return next((branch for branch in self.all if branch.has_value), None)

    async def wait(self, seconds: float | None = None) -> None:
        """Until one that runs has ended, or the time is over."""
        running = {branch.task for branch in self.all if not branch.task.done()}
        assert running, "nothing is left to wait for"
        if seconds is None:
            await first_end(self._context.host.tasks, running)
        else:
            await first_of(self._context, running, seconds)

    async def first_value(self, patience: float | None) -> Branch | None:
        """The first that has a value. None when all have failed or, with patience in seconds, when that is at an
        end or one more has failed."""
        while self.winner() is None and len(self.failures()) < len(self.all):
            await self.wait(patience)
            if patience is not None:
                break
        return self.winner()

    async def take_only(self, winner: Branch) -> Any:
        """The others end before: only then can the winner be heard."""
        assert winner.has_value
        await uninterrupted(self._leave([branch for branch in self.all if branch is not winner]))
        return await winner.take()

    async def _leave(self, branches: list[Branch]) -> None:
        # All at once, so that their limits for closing do not add up, and all to their end: by itself `gather`
        # would raise the first failure and leave the rest running.
        leaving = await asyncio.gather(*(branch.leave() for branch in branches), return_exceptions=True)
        if failures := [failure for failure in leaving if isinstance(failure, BaseException)]:
            raise failures[0]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Most have ended and were taken: a task that waits for them would cost more than they do.
        if left := [branch for branch in self.all if not branch.leave_nothing()]:
            await uninterrupted(self._leave(left))
        for branch in self.all:
            if not branch.task.cancelled():
                branch.failure()  # a mistake of ours is heard of, whoever has won


@sysop("baml.task.race", throws=("NoneSucceeded", "InvalidArgument"))
async def race(context: Context, tasks: list[FunctionValue]) -> Any:
    return await _first_value(context, tasks, None)


@sysop("baml.task.hedge", throws=("NoneSucceeded", "InvalidArgument"))
async def hedge(context: Context, tasks: list[FunctionValue], delay_ms: int) -> Any:
    return await _first_value(context, tasks, max(0, delay_ms) / 1000)


async def _first_value(context: Context, tasks: list[FunctionValue], delay: float | None) -> Any:
    """Without a delay all start at once. With one the next starts when it is over, or when one more has failed."""
    if not tasks:
        raise Failure("InvalidArgument", "a race needs at least one function")
    async with Branches(context) as branches:
        for number, task in enumerate(tasks, 1):
            branches.start(task)
            is_last = number == len(tasks)
            if delay is None and not is_last:
                continue
            if (winner := await branches.first_value(None if is_last else delay)) is not None:
                return await branches.take_only(winner)
        errors = [failure.value for failure in branches.failures()]
        raise Failure("NoneSucceeded", f"none of {len(tasks)} tasks gave a value", errors=errors)


@sysop("baml.task.all")
async def all_values(context: Context, tasks: list[FunctionValue]) -> list[Any]:
    async with Branches(context) as branches:
        for task in tasks:
            branches.start(task)
        while not all(branch.has_value for branch in branches.all):
            await branches.wait()
            if failures := branches.failures():
                raise failures[0]
        return [await branch.take() for branch in branches.all]


@sysop("baml.task.map", throws=("InvalidArgument",))
async def map_values(context: Context, items: list[Any], f: FunctionValue, limit: int) -> list[Any]:
    if limit < 1:
        raise Failure("InvalidArgument", f"a map has at least one task at a time, not {limit}")
    async with Branches(context) as branches:
        left = iter(items)
        while True:
            running = sum(not branch.task.done() for branch in branches.all)
            for item in islice(left, limit - running):
                branches.start(f, item)
            if failures := branches.failures():
                raise failures[0]
            if all(branch.has_value for branch in branches.all):
                return [await branch.take() for branch in branches.all]
            await branches.wait()


@sysop("baml.task.timeout", throws=("Timeout",))
async def timeout(context: Context, limit_ms: int, task: FunctionValue) -> Any:
    async with Branches(context) as branches:
        branch = branches.start(task)
        # One turn of the loop without a timer, which is a task too: most of what a tool does waits for nothing.
        await asyncio.sleep(0)
        if not branch.task.done():
            await branches.wait(max(0, limit_ms) / 1000)
        if not branch.task.done():
            message = f"the task took longer than {limit_ms} ms"
            raise Failure(
                "Timeout", message, phase="task", limit_ms=limit_ms, elapsed_ms=limit_ms, duration_ms=limit_ms
            )
        if (failure := branch.failure()) is not None:
            raise failure
        return await branch.take()
