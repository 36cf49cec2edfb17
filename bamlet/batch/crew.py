"""The engine of several workers: each gets batches of rows, and what one that dies has not given back is asked
again by another.

Workers own nothing, so that one journal is enough; how they are reached is the business of who hires them.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, Protocol

from ..records import dataclass
from .engines import FAILED, Done, Refused, Row

MOST_DEATHS = 3  # of workers over one row; then the row fails
MOST_STARTS = 3  # of one worker, in a row


class WorkerDied(Exception):
    """What it had in hand and did not give back is lost."""


class Worker(Protocol):
    def run(self, rows: Sequence[Row]) -> AsyncIterator[list[Done]]:
        """What has ended, as it ends, until all have. Raises `WorkerDied`."""
        ...

    async def start(self) -> None:
        """For the first time, or again after its death. Raises `WorkerDied`, and `Refused` if it never will."""
        ...

    async def close(self) -> None:
        """It ends, whatever it does."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """A batch has `least` rows or more where there are so many, and at most `most`; `in_hand` is of one worker."""

    least: int
    most: int
    in_hand: int


class _Member:
    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.in_hand = 0
        self.is_there = False


class Crew:
    def __init__(
        self, workers: Sequence[Worker], terms: Terms, places: int | None, on_lost: Callable[[int], None]
    ) -> None:
        self._members = [_Member(worker) for worker in workers]
        self._terms = terms
        self._places = places
        self._on_lost = on_lost
        self._ready: deque[Row] = deque()
        self._deaths: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        # Set when anything above has changed. Whoever waits has looked just before, with nothing awaited since.
        self._changed = asyncio.Event()
        self._fed = False

    @property
    def in_flight(self) -> int:
        return sum(member.in_hand for member in self._members)

    @property
    def places(self) -> int:
        return self._places or self._terms.in_hand * len(self._members)

    async def run(self, rows: AsyncIterator[Row], done: Callable[[Done], None]) -> None:
        try:
            for member in self._members:
                self._begin(self._start(member))
            self._begin(self._feed(rows))
            while not (self._fed and not self._ready and not self.in_flight):
                if not self._give_one(done):
                    await self._next_change()
            if self._failure is not None:
                raise self._failure
        finally:
            # First the tasks, which hear of what workers give: nobody may be taken for dead because we close it.
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(set(self._tasks))
            await asyncio.gather(*(member.worker.close() for member in self._members))

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and self._failure is None:
            self._failure = task.exception()
        self._changed.set()

    async def _next_change(self) -> None:
        if self._failure is None:
            self._changed.clear()
            await self._changed.wait()
        if self._failure is not None:
            raise self._failure

    async def _start(self, member: _Member) -> None:
        for attempt in range(MOST_STARTS):
            try:
                await member.worker.start()
            except WorkerDied as death:
                if attempt == MOST_STARTS - 1:
                    raise Refused(f"{death}, {MOST_STARTS} times in a row") from None
            else:
                member.is_there = True
                return

    # --- rows in

    async def _feed(self, rows: AsyncIterator[Row]) -> None:
        async for row in rows:
            self._ready.append(row)
            self._changed.set()
            # One batch is read ahead, and no more: a row that was read counts as begun.
            while len(self._ready) >= self._terms.most:
                await self._next_change()
        self._fed = True

    def _give_one(self, done: Callable[[Done], None]) -> bool:
        """A batch to whoever has the least to do."""
        there = [member for member in self._members if member.is_there]
        if not self._ready or not there:
            return False
        member = min(there, key=lambda found: found.in_hand)
        room = self._terms.in_hand - member.in_hand
        if room < 1 or (room < self._terms.least and len(self._ready) >= self._terms.least):
            return False
        count = min(room, self._terms.most, len(self._ready))
        batch = [self._ready.popleft() for _ in range(count)]
        member.in_hand += count
        self._changed.set()
        self._begin(self._give(member, batch, done))
        return True

    # --- answers out

    async def _give(self, member: _Member, batch: Sequence[Row], done: Callable[[Done], None]) -> None:
        left = {row.id: row for row in batch}
        try:
            async for ended in member.worker.run(batch):
                for found in ended:
                    del left[found.id]
                    member.in_hand -= 1
                    done(found)
                self._changed.set()
        except WorkerDied as death:
            member.in_hand -= len(left)
            self._take_back(list(left.values()), str(death), done)
            if member.is_there:
                # The first of its batches to hear of it calls for another one.
                member.is_there = False
                await self._start(member)

    def _take_back(self, rows: Sequence[Row], told: str, done: Callable[[Done], None]) -> None:
        self._on_lost(len(rows))
        for row in reversed(rows):
            self._deaths[row.id] += 1
            if self._deaths[row.id] < MOST_DEATHS:
                self._ready.appendleft(row)
            else:
                done(Done(row.id, FAILED, error=_letter(told)))


def _letter(told: str) -> str:
    """Of a row over which workers die."""
    message = f"{MOST_DEATHS} workers died while they had this row: {told}"
    letter: dict[str, Any] = {"class": "Worker", "message": message, "status": None, "attempts": [], "raw": ""}
    return json.dumps(letter, ensure_ascii=False, separators=(",", ":"))
