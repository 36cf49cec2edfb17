"""Python's full collections, put off while a long answer is read: each looks at all that was read before it.

Young objects are collected as ever, so what a reading leaves behind in cycles stays little. The thresholds are
of the whole process: several readings, also in several threads, put off the same collections.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# At a stretch, however many readings follow each other: what other tasks leave in cycles is not kept for longer.
LONGEST_SECONDS: Final = 10.0
_NEVER: Final = 1_000_000_000
_CAN_PUT_OFF: Final = sys.implementation.name == "cpython"


class _Process:
    """What is put off, and since when. No lock: what two threads may do at once is to put nothing off."""

    def __init__(self) -> None:
        self.readings: set[object] = set()
        self.usual = 0
        self.since = 0.0


_process = _Process()


@contextmanager
def full_ones_put_off(now: float) -> Iterator[None]:
    reading = object()
    process = _process
    if not process.readings:
        process.since = now
    process.readings.add(reading)
    if now - process.since < LONGEST_SECONDS:
        _put_off()
    else:
        _resume()
    try:
        yield
    finally:
        process.readings.discard(reading)
        if not process.readings:
            _resume()


def _put_off() -> None:
    youngest, younger, old = gc.get_threshold()
    if _CAN_PUT_OFF and old != _NEVER:
        _process.usual = old
        gc.set_threshold(youngest, younger, _NEVER)


def _resume() -> None:
    """Unless the host has meanwhile set thresholds of its own."""
    youngest, younger, old = gc.get_threshold()
    if old == _NEVER:
        gc.set_threshold(youngest, younger, _process.usual)
