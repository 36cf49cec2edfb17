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
        self.numbers = memoryview(mmap.mmap(-1, 4 * (count + 1))).cast("i")
        """By process, from 1; in the first place stands who took the last connection."""


class Share:
    """Of process `number`. What another one writes at the same time is seen a moment later, and does no harm."""

    def __init__(self, table: Table, number: int) -> None:
        self._numbers = table.numbers
        self._number = number
        self._left_since: float | None = None

    def note(self, connections: int) -> None:
        """How many there are now."""
        self._numbers[self._number] = connections

    def is_ours(self) -> bool:
        """Whether this process takes what waits. If not, it is asked again at once: what waits stays there."""
        numbers, own = self._numbers, self._number
        count, fewest = numbers[own], min(numbers[1:])
        if count > fewest or (numbers[0] == own and list(numbers[1:]).count(fewest) > 1):
            now = asyncio.get_running_loop().time()
            if self._left_since is None:
                self._left_since = now
            if now - self._left_since < PATIENCE:
                os.sched_yield()  # for one that has no processor to run on
                return False
        self._left_since = None
        numbers[0], numbers[own] = own, count + 1
        return True
