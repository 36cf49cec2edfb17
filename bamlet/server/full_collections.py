"""Python's full collections in a process that serves and does nothing else: seldom, and the longer the more so.

Each looks at all that is kept, and while it does nobody is answered: by itself Python makes one whenever what is
kept has grown by a quarter, so that of many runs that go on every few events come too late.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 2.0  # between two looks at whether one is due
ROUNDS = 10  # of younger garbage, after which one is worth it; as Python has it
TIMES = 200  # as long as one took, the next one waits
_NEVER = 1_000_000  # other than what is put off while an answer is read, which is set back to this


class Pace:
    """When the last one ended, and how long it took."""

    def __init__(self, now: float) -> None:
        self._ended = now
        self._took = 0.0

    def is_due(self, rounds: int, now: float) -> bool:
        return rounds >= ROUNDS and now - self._ended >= self._took * TIMES

    def note(self, began: float, ended: float) -> None:
        self._ended, self._took = ended, ended - began


@contextmanager
def unseen() -> Iterator[None]:
    """What is there already stays until the end: no collection looks at it. Those who are forked share it."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def collect_seldom() -> None:
    """Until it is cancelled. The thresholds are the process's, so nobody else may have the process."""
    usual = gc.get_threshold()
    gc.set_threshold(*usual[:2], _NEVER)
    now = asyncio.get_running_loop().time
    pace = Pace(now())
    try:
        while True:
            await asyncio.sleep(SECONDS)
            began = now()
            if pace.is_due(gc.get_count()[2], began):
                gc.collect()
                pace.note(began, now())
    finally:
        gc.set_threshold(*usual)
