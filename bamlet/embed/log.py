"""The events of one run in their order: written by one task, read by any number, each at its own pace.

A log is bounded. What a reader missed because it was dropped is made good by a `Snapshot`: what applying all of it
would have come to. Reading never holds the writer up, and a reader that stands still costs its place only.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, Mapping
from itertools import starmap
from typing import Any, Literal, TypeAlias

from ..records import dataclass, field
from .silence import Silence

Kind: TypeAlias = Literal[
    "start", "partial", "patch", "delta", "reasoning", "tick", "usage", "reset", "agent", "final", "error"
]
ENDS: frozenset[Kind] = frozenset(("final", "error"))

LIMIT_EVENTS = 10_000
LIMIT_BYTES = 8 << 20
BATCH = 256  # entries that a reader holds at once
FULL_AFTER = 3 / 4  # of the limits may be used when room was made, so that it is not made for every event
OVERHEAD = 100  # bytes that an event takes beside its content


@dataclass(slots=True)
class Event:
    """`data` is what the kind says; `line` is that as JSON, or empty for what is written out when it is read.
    `value` is the one of an end as the program has it, for who writes it in another form.

    Nothing of it changes, but that `written` is what its readers have made of it so far: many who read one long
    value hold one text."""

    kind: Kind
    data: Mapping[str, Any]
    line: str = ""
    value: Any = None
    written: Any = field(default=None, repr=False, compare=False)

    @property
    def size(self) -> int:
        """About what it takes of memory. A value shares its parts with the ones before it."""
        return len(self.line) + OVERHEAD


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its number in the run, from 1."""

    seq: int
    event: Event


@dataclass(slots=True)
class Snapshot:
    """What events 1 to `seq` come to. `partial` is the event of the newest value; None while there is none.
    `written` as that of an event."""

    seq: int
    partial: Event | None
    text: str
    reasoning: str
    written: Any = field(default=None, repr=False, compare=False)


class EventLog:
    """A log has exactly one end, a `final` or an `error`, and nothing behind it.

    A `partial` holds the whole value, so only the newest is kept: a reader that comes later has no use for those
    before it. The `patch` that leads to it comes right before it, and nobody reads between the two: so the newest
    partial is the value at any place where a reader can stand.
    """

    def __init__(self, limit_events: int = LIMIT_EVENTS, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_events = limit_events
        self._limit_bytes = limit_bytes
        # Side by side, and not as entries: every full collection of garbage looks at each object that lies here.
        self._numbers: list[int] = []
        self._events: list[Event] = []
        self._first: Entry | None = None
        self._last = 0
        self._dropped = 0  # a reader that has not seen this number has missed something
        self._partial: Entry | None = None
        self._texts: dict[Kind, list[str]] = {"delta": [], "reasoning": []}
        self._snapshot: Snapshot | None = None
        self._waiting: set[asyncio.Future[bool]] = set()
        self.size = 0
        self.end: Event | None = None

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._last

    # --- from the run

    def append(self, event: Event) -> int:
        """Its number. Raises `ValueError` behind the end."""
        if self.end is not None:
            raise ValueError(f"a log has one end, and behind it came `{event.kind}`")
        self._last += 1
        if event.kind != "partial":
            self._numbers.append(self._last)
            self._events.append(event)
            self.size += event.size
        self._note(Entry(self._last, event))
        if len(self._events) > self._limit_events or self.size > self._limit_bytes:
            self._make_room()
        self._snapshot = None
        if self._waiting:
            self._wake()
        return self._last

    def _wake(self) -> None:
        # They leave when they run again. Until then one may be told twice, or be cancelled.
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(True)

    def _note(self, entry: Entry) -> None:
        event = entry.event
        if self._first is None:
            self._first = entry
        if event.kind == "partial":
            self._partial = entry
        elif event.kind in self._texts:
            self._texts[event.kind].append(event.data["text"])
        elif event.kind == "reset":
            self._partial = None
            self._texts = {"delta": [], "reasoning": []}
        elif event.kind in ENDS:
            self.end = event

    def _make_room(self) -> None:
        """Whatever is oldest goes. The newest event always stays."""
        kept, size, gone = self._events, self.size, 0
        while gone < len(kept) - 1 and (
            len(kept) - gone > self._limit_events * FULL_AFTER or size > self._limit_bytes * FULL_AFTER
        ):
            size -= kept[gone].size
            gone += 1
        if gone:
            self._dropped = self._numbers[gone - 1]
        del self._numbers[:gone], kept[:gone]
        self.size = size

    # --- from readers

    def snapshot(self) -> Snapshot:
        """As of the newest event, or of the one before the end. It is made once for all who ask for the same."""
        if self._snapshot is None:
            self._snapshot = self._made_snapshot()
        return self._snapshot

    def _made_snapshot(self) -> Snapshot:
        seq = self._last - 1 if self.end is not None else self._last
        text, reasoning = ("".join(self._texts[kind]) for kind in ("delta", "reasoning"))
        return Snapshot(seq, self._partial.event if self._partial is not None else None, text, reasoning)

    async def read(
        self, after: int = 0, *, pulse: float | None = None
    ) -> AsyncGenerator[Snapshot | list[Entry], None]:
        """What comes after a number, those together that are there, up to the end of the run.

        An empty list says that nothing has come for `pulse` seconds.

        Where entries are gone that a reader has not seen, or for a number that was never given, a `Snapshot` takes
        the place of everything up to its own number. Who reads from the beginning gets the first event as well.
        """
        seen = after
        growth = _Growth(self._waiting, pulse)
        try:
            while True:
                if seen < self._dropped or seen > self._last:
                    if seen == 0 and self._first is not None:
                        yield [self._first]
                    # Only now: the log has grown while the first one was looked at.
                    found = self.snapshot()
                    seen = found.seq
                    yield found
                elif batch := self._after(seen):
                    seen = batch[-1].seq
                    yield batch
                elif self.end is not None:
                    return
                elif not await growth.wait():
                    yield []
        finally:
            growth.close()

    def _after(self, seen: int) -> list[Entry]:
        numbers = self._numbers
        at = bisect_right(numbers, seen)
        to = at + BATCH
        batch = list(starmap(Entry, zip(numbers[at:to], self._events[at:to], strict=True)))
        newest = self._partial
        if newest is not None and newest.seq > seen:
            place = bisect_right(numbers, newest.seq, at) - at
            if place < len(batch) or to >= len(numbers):
                batch.insert(place, newest)
        return batch


class _Growth:
    """What one reader waits for: the log has grown, or nothing has come for a while."""

    __slots__ = ("_silence", "_waiter", "_waiting")

    def __init__(self, waiting: set[asyncio.Future[bool]], seconds: float | None) -> None:
        self._waiting = waiting
        self._waiter: asyncio.Future[bool] | None = None
        self._silence = Silence(seconds, self._tell_silence) if seconds is not None else None

    async def wait(self) -> bool:
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        self._waiting.add(waiter)
        if self._silence is not None:
            self._silence.begin()
        try:
            return await waiter
        finally:
            self._waiting.discard(waiter)
            if self._silence is not None:
                self._silence.end()

    def _tell_silence(self) -> None:
        # It may have been told already, and has not run since.
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)

    def close(self) -> None:
        if self._silence is not None:
            self._silence.close()
