"""The handle table: live resources by numbers that are never used again, each owned by the call that opened it."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Protocol

from ..interpreter.abi import Handle, InternalError

CLOSE_GRACE_SECONDS = 2.0


class Resource(Protocol):
    async def aclose(self) -> None:
        """Release what is held. Twice is fine; it must release even when cancelled."""
        ...


def not_usable(handle: Handle, found: object, kind: type) -> InternalError:
    """A stale or foreign handle is an error, never somebody else's resource."""
    return InternalError(f"{handle!r} is closed" if found is None else f"{handle!r} is no {kind.__name__}")


class HandleTable:
    """All open resources of a runtime."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.resources: dict[int, Resource] = {}

    @property
    def open_count(self) -> int:
        return len(self.resources)

    def scope(self) -> HandleScope:
        return HandleScope(self)

    def add(self, kind: str, resource: Resource) -> Handle:
        handle = Handle(kind, next(self._numbers))
        self.resources[handle.number] = resource
        return handle

    def take(self, handle: Handle) -> Resource | None:
        """Out of the table: from here on whoever took it closes it."""
        return self.resources.pop(handle.number, None)


class HandleScope:
    """The resources that one call has opened. Leaving the scope closes what the program did not."""

    def __init__(self, table: HandleTable) -> None:
        self._table = table
        self._open: dict[int, Handle] = {}

    def open(self, kind: str, resource: Resource) -> Handle:
        handle = self._table.add(kind, resource)
        self._open[handle.number] = handle
        return handle

    async def close(self, handle: Handle) -> None:
        """Closing what is closed already does nothing."""
        self._open.pop(handle.number, None)
        resource = self._table.take(handle)
        if resource is not None:
            await resource.aclose()

    async def aclose(self) -> None:
        """Close everything, newest first, even when cancelled, within a bounded time.

        Each resource is tried; the failures are raised together at the end.
        """
        if not self._open:
            return
        closing = asyncio.ensure_future(self._close_all())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            # Cancelled while closing: finish first, then let the cancellation go on.
            await asyncio.wait({closing}, timeout=CLOSE_GRACE_SECONDS)
            raise

    async def _close_all(self) -> None:
        failures: list[Exception] = []
        async with asyncio.timeout(CLOSE_GRACE_SECONDS):
            while self._open:
                _, handle = self._open.popitem()
                resource = self._table.take(handle)
                try:
                    if resource is not None:
                        await resource.aclose()
                except Exception as failure:
                    failures.append(failure)
        if failures:
            raise ExceptionGroup("resources failed to close", failures)
