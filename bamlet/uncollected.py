"""Python's collector, at rest while a program is compiled, or modules are loaded: all that is made is kept, so
looking at it again and again finds nothing, and takes up to a third of the time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


@contextmanager
def uncollected() -> Iterator[None]:
    """For what ends soon. The collector is the process's: whoever found it at work sets it to work again, so of
    several that compile at once in threads the first to end does, which costs the others time and nothing else."""
    worked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if worked:
            _call_all_old()
            gc.enable()


# At most: 3.12 freezes some hundreds of its own when it starts. Whoever freezes more freezes thousands.
FROZEN_BY_PYTHON: Final = 1_000


def _call_all_old() -> None:
    """Else the next object that anybody makes has all of it looked through, as young ones are. This puts them with
    those that are looked through seldom. What a host has frozen would thaw by it."""
    if gc.get_freeze_count() <= FROZEN_BY_PYTHON:
        gc.freeze()
        gc.unfreeze()
