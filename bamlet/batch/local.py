"""The engine of one process: each row a task of one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from .engines import Done, Row
from .pace import ClientPaces


class LocalEngine:
    def __init__(self, ask: Callable[[Row], Awaitable[Done]], paces: ClientPaces) -> None:
        self._ask_one = ask
        self._paces = paces
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None

    @property
    def in_flight(self) -> int:
        return len(self._tasks)

    @property
    def places(self) -> int:
        return self._paces.limit

    async def run(self, rows: AsyncIterator[Row], done: Callable[[Done], None]) -> None:
        try:
            async for row in rows:
                task = asyncio.create_task(self._ask(row, done))
                self._tasks.add(task)
                task.add_done_callback(self._ended)
                await self._room()
            while self._tasks:
                await self._next_change()
            # The last row may have failed while the next one was looked for, when nobody waited for a change.
            if self._failure is not None:
                raise self._failure
        finally:
            # Cancelled from outside: those that run close their sockets before we are gone.
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(set(self._tasks))

    async def _ask(self, row: Row, done: Callable[[Done], None]) -> None:
        found = await self._ask_one(row)
        if found.input_tokens is not None:
            self._paces.settle(found.client, found.attempts, found.input_tokens + (found.output_tokens or 0))
        done(found)

    async def _room(self) -> None:
        while not self._paces.rows(len(self._tasks)):
            await self._next_change()

    async def _next_change(self) -> None:
        # Whoever comes here has looked just before, with nothing awaited since: no change is cleared unseen.
        self._paces.changed.clear()
        await self._paces.changed.wait()
        if self._failure is not None:
            raise self._failure

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._paces.changed.set()
        if not task.cancelled() and self._failure is None:
            self._failure = task.exception()  # a mistake of ours, or of who hears of the end
