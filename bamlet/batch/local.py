"""The engine of one process: a task of one event loop for each place, which asks row after row."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from .engines import Done, Row
from .pace import ClientPaces

ROWS_A_TURN = 8


class LocalEngine:
    def __init__(self, ask: Callable[[Row], Awaitable[Done]], paces: ClientPaces) -> None:
        self._ask_one = ask
        self._paces = paces
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked = self._ended_rows = 0
        self._is_dry = False
        self._failure: BaseException | None = None
        # One reads at a time: an iterator gives one row after the other, and may wait for the next. No lock of
        # asyncio: that lets in one for each turn of the loop, and nobody past those who wait. Once answers come
        # faster than turns, each row waits in line, and costs a look at all sockets.
        self._is_reading = False
        self._readers: deque[asyncio.Future[None]] = deque()
        # Set when there is room for one more task, or a task has ended. Who waits for it has looked just before.
        self._changed = asyncio.Event()
        paces.hear(self._look_for_room)

    @property
    def in_flight(self) -> int:
        return self._asked

    @property
    def places(self) -> int:
        return self._paces.limit

    async def run(self, rows: AsyncIterator[Row], done: Callable[[Done], None]) -> None:
        try:
            while self._tasks or not self._is_dry:
                while self._has_room():
                    task = asyncio.create_task(self._ask_all(rows, done))
                    self._tasks.add(task)
                    task.add_done_callback(self._ended)
                self._changed.clear()
                await self._changed.wait()
                if self._failure is not None:
                    raise self._failure
        finally:
            # Cancelled from outside: those that run close their sockets before we are gone.
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(set(self._tasks))

    async def _ask_all(self, rows: AsyncIterator[Row], done: Callable[[Done], None]) -> None:
        """Row after row, as long as there is a place for this task beside the others."""
        # A task and its context for each row would cost a tenth of what asking it does.
        while self._paces.rows(len(self._tasks) - 1) and (row := await self._next(rows)) is not None:
            self._asked += 1
            try:
                found = await self._ask_one(row)
            finally:
                self._asked -= 1
            if found.input_tokens is not None:
                self._paces.settle(found.client, found.attempts, found.input_tokens + (found.output_tokens or 0))
            done(found)
            # Answers that are there at once, of a recording, let others have their turn. Not after each row: that
            # would be one more look at all sockets.
            self._ended_rows += 1
            if not self._ended_rows % ROWS_A_TURN:
                await asyncio.sleep(0)

    async def _next(self, rows: AsyncIterator[Row]) -> Row | None:
        while self._is_reading:
            turn = asyncio.get_running_loop().create_future()
            self._readers.append(turn)
            await turn
        self._is_reading = True
        try:
            if not self._is_dry:
                async for row in rows:
                    return row
                self._is_dry = True
            return None
        finally:
            self._is_reading = False
            self._wake_a_reader()

    def _wake_a_reader(self) -> None:
        """It looks again: another may read by then, and wakes it in turn."""
        while self._readers:
            turn = self._readers.popleft()
            if not turn.done():  # cancelled, as all of them are then
                turn.set_result(None)
                return

    def _has_room(self) -> bool:
        return not self._is_dry and self._paces.rows(len(self._tasks))

    def _look_for_room(self) -> None:
        if self._has_room():
            self._changed.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed.set()
        if not task.cancelled():
            # A mistake of ours, or of who hears of the end. Looked at in each: asyncio tells of those nobody saw.
            failure = task.exception()
            self._failure = self._failure or failure
