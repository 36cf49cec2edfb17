"""The handle table: live resources by numbers that are never used again, each owned by the call that opened it."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Protocol

from ..interpreter.abi import Handle, Panic

CLOSE_GRACE_SECONDS = 2.0

# Of the process and not of a table: a handle from another runtime is a number that nobody here knows.
_numbers = count(1)


class Resource(Protocol):
    async def aclose(self) -> None:
        """Release what is held. Twice is fine; it must release even when cancelled."""
        ...


def not_usable(handle: Handle, found: object, kind: type) -> Panic:
    """A stale or foreign handle is an error, never somebody else's resource."""
    message = f"{handle!r} is closed" if found is None else f"{handle!r} is no {kind.__name__}"
    return Panic(message, "ClosedHandle")


class HandleTable:
    """All open resources of a runtime."""

    def __init__(self) -> None:
        self._open: dict[int, Handle] = {}

    @property
    def open_count(self) -> int:
        return len(self._open)

    def scope(self) -> HandleScope:
        return HandleScope(self)

    def add(self, kind: str) -> Handle:
        handle = Handle(kind, next(_numbers))
        self._open[handle.number] = handle
        return handle

    def remove(self, number: int) -> None:
        del self._open[number]


class HandleScope:
    """The resources that one call has opened. Leaving the scope closes what the program did not."""

    def __init__(self, table: HandleTable) -> None:
        self._table = table
        self.resources: dict[int, Resource] = {}

    def open(self, kind: str, resource: Resource) -> Handle:
        handle = self._table.add(kind)
        self.resources[handle.number] = resource
        return handle

    async def close(self, handle: Handle) -> None:
        """Closing what is closed already does nothing."""
        resource = self.resources.get(handle.number)
        if resource is not None:
            self._forget(handle.number)
            await resource.aclose()

    async def aclose(self) -> None:
        """Close everything, newest first, within a bounded time. A cancellation waits until that is done.

        Each resource is tried; the failures are raised together at the end.
        """
        if not self.resources:
            return
        closing = asyncio.ensure_future(self._close_all())
        cancelled: asyncio.CancelledError | None = None
        while not closing.done():
            try:
                await asyncio.wait({closing})
            except asyncio.CancelledError as cancellation:
                cancelled = cancellation
        failures = closing.result()
        if cancelled is not None:
            raise cancelled
        if failures:
            raise ExceptionGroup("resources failed to close", failures)

    async def _close_all(self) -> list[Exception]:
        """One limit for all of them. Whoever comes after it is closed all the same, but not waited for."""
        failures: list[Exception] = []
        ends_at = asyncio.get_running_loop().time() + CLOSE_GRACE_SECONDS
        while self.resources:
            number, resource = next(reversed(self.resources.items()))
            self._forget(number)
            try:
                async with asyncio.timeout_at(ends_at):
                    await resource.aclose()
            except Exception as failure:
                failures.append(failure)
        return failures

    def _forget(self, number: int) -> None:
        del self.resources[number]
        self._table.remove(number)
