"""Timings as medians of several runs, and rows of them as one table."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Timing:
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def per(self, count: int) -> Timing:
        """The same, of one among `count` equal pieces."""
        return Timing(tuple(seconds / count for seconds in self.seconds))

    def __str__(self) -> str:
        return f"{_shown(self.median)} ({_shown(min(self.seconds))}-{_shown(max(self.seconds))})"


@dataclass(frozen=True)
class Row:
    """`floor` is the same work by hand. A bar is in seconds, or in multiples of the floor; what is no time is a
    note."""

    work: str
    ours: Timing | None
    floor: Timing | None = None
    most_seconds: float | None = None
    most_ratio: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours.median / self.floor.median if self.ours and self.floor else None

    @property
    def bar(self) -> str:
        """What the row should stay under, with a mark when it does not."""
        bars = []
        if self.ours is not None and self.most_seconds is not None:
            bars.append(_judged(self.ours.median, self.most_seconds, _shown(self.most_seconds)))
        if self.most_ratio is not None and self.ratio is not None:
            bars.append(_judged(self.ratio, self.most_ratio, f"{self.most_ratio:g}x"))
        return ", ".join(bars)


def measure(
    works: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = perf_counter,
    before: Callable[[], object] = lambda: None,
) -> dict[str, Timing]:
    """Time each work `rounds` times after one run for nothing, on a clock of seconds.

    The works take turns, so that a slow moment of the machine falls on all of them. What is done `before` each of
    them is not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            before()
            started = clock()
            work()
            if turn:
                seconds[name].append(clock() - started)
    return {name: Timing(tuple(found)) for name, found in seconds.items()}


def processor_time_of_children() -> float:
    """What processes that have ended took of the processor: a number that other processes hardly change."""
    import resource  # not everywhere

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def measure_async(
    works: Mapping[str, Callable[[], Awaitable[object]]], rounds: int, clock: Callable[[], float] = perf_counter
) -> dict[str, Timing]:
    """`measure` for coroutine functions."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            started = clock()
            await work()
            if turn:
                seconds[name].append(clock() - started)
    return {name: Timing(tuple(found)) for name, found in seconds.items()}


def loop_here() -> str:
    """asyncio or uvloop: they differ by more than anything that runs on them."""
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


HEADINGS = ("", "bamlet", "floor", "ratio", "bar", "")


def table(rows: Iterable[Row]) -> str:
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
    return row.work, str(row.ours or ""), str(row.floor or ""), ratio, row.bar, row.note


def _judged(value: float, most: float, shown: str) -> str:
    return f"< {shown}" if value <= most else f"< {shown} MISSED"


def _shown(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"
