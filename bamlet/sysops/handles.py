"""The handle table: live resources by numbers that are never used again, each owned by the task that opened it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from itertools import count
from typing import Protocol

from ..interpreter.runtime.failures import Panic
from ..interpreter.runtime.values import Handle
from ..wire.closing import uninterrupted

CLOSE_GRACE_SECONDS = 2.0

# Of the process and not of a table: a handle from another runtime is a number that nobody here knows.
_numbers = count(1)


class Resource(Protocol):
    async def aclose(self) -> None:
        """Release what is held. Twice is fine; it must release even when cancelled."""
        ...


class Watcher(Protocol):
    """Hears of every handle."""

    def opened(self, handle: Handle) -> None: ...

    def closed(self, handle: Handle) -> None: ...


class HandleTable:
    """All open resources of a runtime. `opened` counts them by kind, those that are closed included."""

    def __init__(self) -> None:
        self._open: dict[int, Handle] = {}
        self.watcher: Watcher | None = None
        self.opened: Counter[str] = Counter()

    @property
    def open_count(self) -> int:
        return len(self._open)

    def open_by_kind(self) -> Mapping[str, int]:
        return Counter(handle.kind for handle in self._open.values())

    def is_open(self, handle: Handle) -> bool:
        return handle.number in self._open

    def scope(self) -> HandleScope:
        return HandleScope(self)

    def add(self, kind: str) -> Handle:
        handle = Handle(kind, next(_numbers))
        assert handle.number not in self._open
        self._open[handle.number] = handle
        self.opened[kind] += 1
        if self.watcher is not None:
            self.watcher.opened(handle)
        return handle

    def remove(self, number: int) -> None:
        handle = self._open.pop(number)
        if self.watcher is not None:
            self.watcher.closed(handle)


class HandleScope:
    """The resources that one task has opened. Leaving the scope closes what the program did not.

    A task sees also what those above it have opened, and what it leaves open when it gives a value goes to the one
    that started it: the value may hold it.
    """

    def __init__(self, table: HandleTable, outer: HandleScope | None = None) -> None:
        self._table = table
        self._outer = outer
        self.resources: dict[int, Resource] = {}

    def inner(self) -> HandleScope:
        return HandleScope(self._table, self)

    def find(self, handle: Handle) -> Resource | None:
        scope: HandleScope | None = self
        while scope is not None:
            if (found := scope.resources.get(handle.number)) is not None:
                return found
            scope = scope._outer
        return None

    def not_usable(self, handle: Handle, found: object, kind: type) -> Panic:
        """A stale or foreign handle is an error, never somebody else's resource."""
        if found is not None:
            message = f"{handle!r} is no {kind.__name__}"
        elif self._table.is_open(handle):
            message = f"{handle!r} belongs to another task"
        else:
            message = f"{handle!r} is closed"
        return Panic(message, "ClosedHandle")

    def hand_over(self, owner: HandleScope | None = None) -> None:
        """What is open here belongs to the owner from now on, by itself the outer scope."""
        owner = owner or self._outer
        assert owner is not None
        # No number is in two scopes at any time: nothing is awaited here.
        owner.resources.update(self.resources)
        self.resources.clear()

    def open(self, kind: str, resource: Resource) -> Handle:
        handle = self._table.add(kind)
        self.resources[handle.number] = resource
        return handle

    async def close(self, handle: Handle) -> None:
        """Closing what is closed already does nothing."""
        resource = self.resources.get(handle.number)
        if resource is not None:
            # Forgotten before it is closed: who uses it meanwhile gets a panic and not half a resource, and who
            # closes it meanwhile does nothing. What a cancellation here leaves is the resource's, by its contract.
            self._forget(handle.number)
            await resource.aclose()
        elif self._outer is not None:
            await self._outer.close(handle)

    async def aclose(self) -> None:
        """Close everything, newest first, within a bounded time. A cancellation waits until that is done.

        Each resource is tried; the failures are raised together at the end.
        """
        if not self.resources:
            return
        if failures := await uninterrupted(self._close_all()):
            raise ExceptionGroup("resources failed to close", failures)
        assert not self.resources, "opened in a scope while it was closed"

    async def _close_all(self) -> list[Exception]:
        """One limit for all of them. Whoever comes after it is closed all the same, but not waited for."""
        failures: list[Exception] = []
        cancelled: asyncio.CancelledError | None = None
        ends_at = asyncio.get_running_loop().time() + CLOSE_GRACE_SECONDS
        # Newest first, since it may stand on an older one; looked for anew each time, since while one closes the
        # table may change.
        while self.resources:
            number, resource = next(reversed(self.resources.items()))
            self._forget(number)
            try:
                # Also when the time is over: a resource that is cancelled in its first await must release too.
                async with asyncio.timeout_at(ends_at):
                    await resource.aclose()
            except Exception as failure:
                failures.append(failure)
            except asyncio.CancelledError as cancellation:
                # Not of our caller, which this task does not hear of: somebody cancels all tasks of the loop, as
                # `asyncio.run` does at its end. The rest must release too, and has no time left.
                cancelled, ends_at = cancellation, 0.0
        if cancelled is not None:
            raise cancelled
        return failures

    def _forget(self, number: int) -> None:
        del self.resources[number]
        self._table.remove(number)
