"""Which of the processes at one address takes the next connection: one of those that have the fewest, if it comes.

All of them are woken, and the first would take all: that is one that is awake already, so the one with most to do.
"""

from __future__ import annotations

import asyncio
import mmap
import os

PATIENCE = 0.002  # seconds in which another process comes for what is left to it, unless it is held up


class Table:
    """How many connections each process has, in memory that those who are forked share."""

    def __init__(self, count: int) -> None:
        self.numbers = memoryview(mmap.mmap(-1, 8 * (count + 2))).cast("q")
        """By process, from 1. In the first place stands who took the last connection, in the last one how many
        were taken, or a few fewer: of two that count at the same time one may be lost."""


class Share:
    """Of process `number`. What another one writes at the same time is seen a moment later, and does no harm."""

    def __init__(self, table: Table, number: int) -> None:
        self._numbers = table.numbers
        self._number = number
        self._left: tuple[int, float] | None = None  # how many were taken when this one was left, and since when

    def note(self, connections: int) -> None:
        """How many there are now."""
        self._numbers[self._number] = connections

    def is_ours(self) -> bool:
        """Whether this process takes what waits. If not, it is asked again at once: what waits stays there."""
        numbers, own = self._numbers, self._number
        counts = list(numbers[1:-1])
        count, fewest = numbers[own], min(counts)
        if count > fewest or (numbers[0] == own and counts.count(fewest) > 1):
            now, taken = asyncio.get_running_loop().time(), numbers[-1]
            if self._left is None or self._left[0] != taken:
                self._left = taken, now  # what was left before has been taken: this is another one
            if now - self._left[1] < PATIENCE:
                os.sched_yield()  # for one that has no processor to run on
                return False
        return True

    def took(self) -> None:
        """Said when it has the connection: another one may have been quicker, and then it has none more."""
        numbers, own = self._numbers, self._number
        self._left = None
        numbers[0] = own
        numbers[own] += 1
        numbers[-1] += 1
