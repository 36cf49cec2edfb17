"""Rows by `map_file`, 128 under way: CPU of one more row, and of starting, against bare aiohttp with a semaphore.

Each side runs in processes of its own, on the same loop and after as many rows for nothing, and sends as many
bytes of bodies. A run of many rows minus a run of few is what a row costs; what is left of the few is the start.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

from . import mapping_commands
from .loopback import received, server
from .measure import Row, Timing

FEW, MANY = 1000, 4000
PLACES = 128
LATENCY_MS = 100
ROUNDS = 5
LOOPS = ("asyncio", "uvloop")
PARSERS = ("h11", "httptools")
MOST_RATIO = 2.0  # CPU of a row, of the floor
FLOOR = "floor"


class Side(NamedTuple):
    """`work` is a parser of ours, or the floor."""

    work: str
    loop: str


class Found(NamedTuple):
    """What two runs in one process took: CPU with all threads and children, then the time of the longer."""

    few: float
    many: float
    passed: float

    @property
    def row(self) -> float:
        return (self.many - self.few) / (MANY - FEW)

    @property
    def start(self) -> float:
        return max(0.0, self.few - self.row * FEW)


def rows() -> Iterator[Row]:
    loops, parsers = _installed(LOOPS), _installed(PARSERS)
    sides = [Side(work, loop) for loop in loops for work in (*parsers, FLOOR)]
    found: dict[Side, list[Found]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        # By turns, so that a slow moment of the machine falls on all.
        for side, more in _one_round(sides).items():
            found[side].append(more)
    for side in sides:
        if side.work != FLOOR:
            yield from _compared(side, _ranked(found[side]), _ranked(found[Side(FLOOR, side.loop)]))
    yield from mapping_commands.rows(loops)


def _ranked(found: Sequence[Found]) -> list[Found]:
    """The lowest of few beside the lowest of many, and so on: in one process, one of the two may have met a slow
    moment, and their difference would be anything."""
    return [Found(*numbers) for numbers in zip(*map(sorted, zip(*found, strict=True)), strict=True)]


def _compared(side: Side, ours: Sequence[Found], floor: Sequence[Found]) -> Iterator[Row]:
    on = f"{side.work}, {side.loop}"
    bar = MOST_RATIO
    yield Row(f"CPU of one more row, {PLACES} under way, {on}", _row(ours), _row(floor), most_ratio=bar)
    yield Row(f"CPU of starting a run, {on}", _start(ours))  # a floor that binds and keeps nothing has none
    passed = [Timing(tuple(one.passed / MANY for one in all_)) for all_ in (ours, floor)]
    yield Row(f"1 of {MANY:,} rows by the clock, {on}", *passed)


def _row(found: Sequence[Found]) -> Timing:
    return Timing(tuple(one.row for one in found))


def _start(found: Sequence[Found]) -> Timing:
    return Timing(tuple(one.start for one in found))


def _one_round(sides: Sequence[Side]) -> dict[Side, Found]:
    """With a server for each, which says at the end how many bytes it was sent."""
    found, bytes_ = {}, {}
    for side in sides:
        with server() as url:
            found[side] = Found(*_run(side, f"{url}/label/{LATENCY_MS}"))
            bytes_[side] = received(url)
    assert len(set(bytes_.values())) == 1, bytes_
    return found


def _run(side: Side, base: str) -> Any:
    command = [sys.executable, "-m", "benchmarks.mapping_sides", base, *side, *map(str, (PLACES, FEW, MANY))]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _installed(names: Sequence[str]) -> list[str]:
    return [name for name in names if find_spec(name)]
