"""The event log of a run: bounded, read by many, resumed anywhere. It is below what the language can see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bamlet.embed.log import BATCH, Entry, Event, EventLog, Kind, Snapshot
from tests.support.scripted import run_virtual
from tests.support.stream_fold import Folded, fold

Step = tuple[str, str]


def event(kind: Kind, size: int = 0, **data: Any) -> Event:
    return Event(kind, data, "x" * size)


def write(log: EventLog, steps: list[Step]) -> None:
    """A run whose value is the text so far, in a list."""
    said = ""
    log.append(event("start"))
    for kind, text in steps:
        if kind == "reset":
            said = ""
            log.append(event("reset", attempt=2))
        elif kind == "value":
            said += text
            log.append(event("patch", len(text), ops=[{"op": "add", "path": "", "value": [said]}]))
            log.append(event("partial", value=[said]))
        else:
            log.append(event("delta" if kind == "delta" else "reasoning", len(text), text=text))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["value", "value", "delta", "reasoning", "reset"]),
        st.sampled_from(["", "a", "bc", "é€😀"]),
    ),
    max_size=60,
)
# A busy machine is no reason to fail.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LIMITS = st.tuples(st.integers(4, 40), st.integers(600, 6_000))


def state_of(log: EventLog) -> Folded:
    found = log.snapshot()
    return applied(Folded(), [found], patches=False)


def applied(state: Folded, batches: list[Snapshot | list[Entry]], *, patches: bool) -> Folded:
    """As a client that takes either patches or whole values."""
    unwanted = "partial" if patches else "patch"
    for batch in batches:
        if isinstance(batch, Snapshot):
            state = Folded(
                value=batch.partial.data["value"] if batch.partial is not None else None,
                text=batch.text,
                reasoning=batch.reasoning,
            )
        else:
            for entry in batch:
                if entry.event.kind != unwanted:
                    state = fold(state, entry.event.kind, entry.event.data)
    return state


async def everything(log: EventLog, after: int = 0) -> list[Snapshot | list[Entry]]:
    return [batch async for batch in log.read(after)]


def in_time(work: Coroutine[Any, Any, Any]) -> Any:
    return run_virtual(work)


def numbers(batches: list[Snapshot | list[Entry]]) -> list[int]:
    return [entry.seq for batch in batches if not isinstance(batch, Snapshot) for entry in batch]


def test_events_are_numbered_from_one_without_a_gap() -> None:
    log = EventLog()
    write(log, [("delta", "a")] * 600)
    log.append(event("final", value=1))
    batches = in_time(everything(log))
    assert numbers(batches) == list(range(1, log.last + 1))
    assert all(len(batch) <= BATCH + 1 for batch in batches)


@pytest.mark.parametrize("kind", ["final", "error"])
def test_a_log_has_one_end(kind: Kind) -> None:
    log = EventLog()
    log.append(event(kind, value=1))
    with pytest.raises(ValueError, match="one end, and behind it came `error`"):
        log.append(event("error"))


@given(STEPS, st.data())
@settings(UNHURRIED)
def test_resuming_inside_the_log_gives_exactly_what_comes_after(steps: list[Step], data: st.DataObject) -> None:
    log = EventLog()
    write(log, steps)
    log.append(event("final", value="the end"))
    after = data.draw(st.integers(0, log.last))
    (whole,) = in_time(everything(log))
    assert in_time(everything(log, after)) in ([], [[entry for entry in whole if entry.seq > after]])
    steps_that_stay = sum(kind != "value" for kind, _ in steps)
    assert len(whole) >= 2 + steps_that_stay


@given(STEPS, LIMITS, st.data())
@settings(UNHURRIED, max_examples=200)
def test_a_reader_that_comes_anywhere_ends_with_the_same_state(
    steps: list[Step], limits: tuple[int, int], data: st.DataObject
) -> None:
    """S04: behind a compacted log a client that takes patches only ends with the right value."""
    whole, log = EventLog(), EventLog(*limits)
    write(whole, steps)
    write(log, steps)
    expected = state_of(whole)
    assert state_of(log) == expected
    for one in (whole, log):
        one.append(event("error", error="cut"))
    after = data.draw(st.integers(0, log.last - 1))
    (kept,) = in_time(everything(whole))
    for patches in (True, False):
        before = [entry for entry in kept if entry.seq <= after]
        seen = applied(Folded(), [before], patches=patches)
        found = applied(seen, in_time(everything(log, after)), patches=patches)
        assert found == replace(expected, error={"error": "cut"}, done=True)


@given(STEPS, LIMITS)
@settings(UNHURRIED)
def test_a_number_that_was_never_given_starts_over(steps: list[Step], limits: tuple[int, int]) -> None:
    log = EventLog(*limits)
    write(log, steps)
    expected = state_of(log)
    log.append(event("final", value="the end"))
    found = applied(Folded(value="of another run"), in_time(everything(log, log.last + 9)), patches=True)
    assert found == replace(expected, value="the end", done=True)


@given(STEPS, LIMITS)
@settings(UNHURRIED)
def test_a_log_stays_within_its_limits_and_keeps_its_newest_event(
    steps: list[Step], limits: tuple[int, int]
) -> None:
    log = EventLog(*limits)
    write(log, steps)
    entries = [entry for batch in in_time(taken(log.read(log.last - 1))) for entry in batch]
    assert entries[-1].seq == log.last
    assert log.size <= limits[1]


async def taken(batches: AsyncGenerator[Snapshot | list[Entry], None]) -> list[Any]:
    async with aclosing(batches):
        return [await anext(batches)]


def test_of_the_whole_values_the_newest_is_kept() -> None:
    log = EventLog()
    write(log, [("value", "a")] * 12)
    log.append(event("final", value=1))
    (batch,) = in_time(everything(log))
    kinds = [entry.event.kind for entry in batch]
    assert (kinds.count("patch"), kinds.count("partial")) == (12, 1)
    assert [entry.seq for entry in batch] == sorted(entry.seq for entry in batch)
    assert kinds[-2:] == ["partial", "final"]


def test_readers_each_go_at_their_own_pace() -> None:
    async def scene() -> None:
        log = EventLog(limit_events=8)
        seen: list[list[Any]] = [[], []]

        async def reader(own: list[Any], pace: float) -> None:
            async for batch in log.read():
                own.append(batch)
                await asyncio.sleep(pace)

        async with asyncio.TaskGroup() as group:
            quick = group.create_task(reader(seen[0], 0))
            group.create_task(reader(seen[1], 50))
            write(log, [])
            for number in range(40):
                await asyncio.sleep(1)
                log.append(event("delta", text=f"{number} "))
            log.append(event("final", value=1))
            await quick
        expected = "".join(f"{number} " for number in range(40))
        assert numbers(seen[0]) == list(range(1, 43))
        assert any(isinstance(batch, Snapshot) for batch in seen[1])
        assert [applied(Folded(), own, patches=True).text for own in seen] == [expected, expected]

    in_time(scene())


def test_silence_is_told_to_who_asks_for_it() -> None:
    async def scene() -> None:
        log = EventLog()
        write(log, [])
        seen: list[Any] = []
        async with asyncio.timeout(100), aclosing(log.read(pulse=15)) as batches:
            async for batch in batches:
                seen.append(batch)
                if len(seen) == 3:
                    log.append(event("final", value=1))
        assert [len(batch) for batch in seen] == [1, 0, 0, 1]
        assert asyncio.get_running_loop().time() == 30

    in_time(scene())


def test_a_reader_that_leaves_takes_nothing_with_it() -> None:
    async def scene() -> None:
        log = EventLog()
        reading = asyncio.create_task(everything(log))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        write(log, [("delta", "x")])
        log.append(event("final", value=1))
        assert numbers(await everything(log)) == [1, 2, 3]

    in_time(scene())


def test_making_room_costs_the_same_for_every_event() -> None:
    """Counted, not timed: how often an event is looked at when room is made."""
    log = Counting(limit_events=400)
    write(log, [("value", "a"), ("delta", "b")] * 4_000)
    assert log.looked < 8 * log.last


class Counting(EventLog):
    looked = 0

    def _make_room(self) -> None:
        self.looked += len(self._events)
        super()._make_room()
