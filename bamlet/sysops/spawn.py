"""What a task can be bound to: a group, of which only some members run at once, and a word that cancels many."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from ..interpreter.runtime.values import Opaque
from .host import Context
from .registry import sysop
from .running import Future, Tasks


class Group:
    """First come, first served; who waits holds nothing."""

    def __init__(self, limit: int, name: str) -> None:
        self.limit = limit
        self.name = name
        self.active: dict[Future, None] = {}
        self.queued: deque[tuple[Future, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def turn(self, tasks: Tasks, future: Future) -> AsyncIterator[None]:
        place = (future, asyncio.get_running_loop().create_future())
        self.queued.append(place)
        self.admit()
        try:
            if not place[1].done():
                await tasks.block(place[1], lambda: self._is_held_by(tasks))
            yield
        finally:
            # Stopped before its turn, or at the very moment when it came: the next one goes on in its place.
            if place in self.queued:
                self.queued.remove(place)
            self.active.pop(future, None)
            self.admit()

    def _is_held_by(self, tasks: Tasks) -> bool:
        """Whether all that have a turn, or wait for one, are tasks of one call."""
        members = (*self.active, *(future for future, turn in self.queued if not turn.done()))
        return all(future.tasks is tasks for future in members)

    def admit(self) -> None:
        while self.queued and len(self.active) < self.limit:
            future, turn = self.queued.popleft()
            # Done without a turn: stopped while it waited, and not yet gone from the queue by itself.
            if not turn.done():
                # Before the word, which is heard in a later turn of the loop: until then its place is taken.
                self.active[future] = None
                turn.set_result(None)


class Token:
    """Cancels the tasks that are bound to it, and those that will be."""

    def __init__(self, above: Iterable[Token]) -> None:
        self.is_cancelled = False
        self._bound: list[Future] = []
        self._below: list[Token] = []
        for token in above:
            token._below.append(self)
            self.is_cancelled |= token.is_cancelled

    def bind(self, future: Future) -> None:
        if self.is_cancelled:
            future.cancel()
        else:
            self._bound = [*(other for other in self._bound if other.pending), future]

    def cancel(self) -> int:
        # The word first: what a task starts with this token while it is stopped is stopped, too.
        self.is_cancelled = True
        bound, self._bound = self._bound, []
        return sum(future.cancel() for future in bound) + sum(token.cancel() for token in self._below)


@sysop("baml.spawn.new_group")
def new_group(context: Context, limit: int, name: str) -> Opaque:
    return Opaque("baml.spawn.TaskGroup", Group(limit, name))


@sysop("baml.spawn.TaskGroup.cancel_members")
def cancel_members(context: Context, group: Opaque, pending: bool, active: bool) -> int:
    found: Group = group.payload
    # All that are meant before the first is stopped: each that goes lets the next one in, who was not asked for.
    meant = [future for future, _ in found.queued] if pending else []
    meant += found.active if active else []
    return sum(future.cancel() for future in meant)


@sysop("baml.spawn.TaskGroup.set_limit")
def set_limit(context: Context, group: Opaque, limit: int) -> None:
    group.payload.limit = limit
    group.payload.admit()


@sysop("baml.spawn.TaskGroup.limit")
def limit(context: Context, group: Opaque) -> int:
    return int(group.payload.limit)


@sysop("baml.spawn.TaskGroup.name")
def name(context: Context, group: Opaque) -> str:
    return str(group.payload.name)


@sysop("baml.spawn.TaskGroup.active_count")
def active_count(context: Context, group: Opaque) -> int:
    return len(group.payload.active)


@sysop("baml.spawn.TaskGroup.queued_count")
def queued_count(context: Context, group: Opaque) -> int:
    return sum(not turn.done() for _, turn in group.payload.queued)


@sysop("baml.spawn.new_token")
def new_token(context: Context, above: list[Opaque]) -> Opaque:
    return Opaque("baml.spawn.CancelToken", Token([token.payload for token in above]))


@sysop("baml.spawn.CancelToken.cancel")
def cancel(context: Context, token: Opaque) -> int:
    return int(token.payload.cancel())


@sysop("baml.spawn.CancelToken.is_cancelled")
def is_cancelled(context: Context, token: Opaque) -> bool:
    return bool(token.payload.is_cancelled)
