"""What keeps a busy server quick: whose turn it is, when garbage is looked for, what is held of a long text."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bamlet.embed.silence import Silence
from bamlet.server.full_collections import ROUNDS, TIMES, Pace
from bamlet.server.sharing import PATIENCE, Share, Table
from bamlet.server.wire import portions
from tests.support.scripted import run_virtual


class Process:
    def __init__(self, table: Table, number: int) -> None:
        self.open = 0
        self.share = Share(table, number)

    def comes(self) -> bool:
        """Whether it takes the connection that waits."""
        is_ours = self.share.is_ours()
        if is_ours:
            self.share.took()
            self.open += 1
            self.share.note(self.open)
        return is_ours

    def close(self) -> None:
        self.open -= 1
        self.share.note(self.open)


def processes(count: int) -> list[Process]:
    table = Table(count)
    return [Process(table, number) for number in range(1, count + 1)]


@pytest.mark.parametrize("count", [2, 3])
def test_connections_that_come_at_once_are_shared_evenly_whoever_comes_first(count: int) -> None:
    async def scene() -> None:
        found = processes(count)
        for _ in range(20 * count):
            # The same one always comes first, as the one that is awake does.
            assert any(process.comes() for process in found)
        assert max(process.open for process in found) - min(process.open for process in found) <= 1

    run_virtual(scene())


def test_of_connections_one_after_the_other_each_process_gets_its_part() -> None:
    async def scene() -> None:
        first, second = processes(2)
        took = []
        for _ in range(6):
            taker = next(process for process in (first, second) if process.comes())
            took.append("first" if taker is first else "second")
            taker.close()
        assert took == ["first", "second"] * 3

    run_virtual(scene())


def test_what_another_process_does_not_come_for_is_taken_after_a_moment() -> None:
    async def scene() -> None:
        first, _ = processes(2)
        assert first.comes()
        assert not first.comes()
        await asyncio.sleep(PATIENCE)
        assert first.comes()
        # Its patience begins anew with each connection.
        assert not first.comes()

    run_virtual(scene())


def test_what_was_left_to_another_one_long_ago_is_no_reason_to_take_the_next() -> None:
    async def scene() -> None:
        first, second = processes(2)
        first.open = 20
        first.share.note(20)
        for _ in range(10):
            assert not first.comes()
            assert second.comes()
            await asyncio.sleep(1)
        assert (first.open, second.open) == (20, 10)

    run_virtual(scene())


def test_a_connection_that_another_one_was_quicker_to_take_is_not_counted() -> None:
    async def scene() -> None:
        first, second = processes(2)
        assert first.share.is_ours()  # and then there is nothing to accept
        assert first.share.is_ours()
        assert second.comes()
        assert first.comes()
        assert (first.open, second.open) == (1, 1)

    run_virtual(scene())


def test_a_full_collection_waits_for_enough_garbage_and_longer_the_longer_the_last_one_took() -> None:
    pace = Pace(0.0)
    assert not pace.is_due(ROUNDS - 1, 1_000)
    assert pace.is_due(ROUNDS, 2)
    pace.note(10.0, 10.5)
    assert not pace.is_due(ROUNDS, 11)
    assert pace.is_due(ROUNDS, 10.5 + 0.5 * TIMES)


def test_silence_is_counted_from_the_last_wait_and_told_once() -> None:
    async def scene() -> None:
        now = asyncio.get_running_loop().time
        told: list[float] = []
        silence = Silence(10, lambda: told.append(now()))
        for _ in range(5):
            silence.begin()
            await asyncio.sleep(4)
            silence.end()
        await asyncio.sleep(40)
        assert told == []
        began = now()
        silence.begin()
        await asyncio.sleep(40)
        assert told == [began + 10]
        silence.begin()
        silence.close()
        await asyncio.sleep(40)
        assert len(told) == 1

    run_virtual(scene())


@given(st.lists(st.text(alphabet="aé😀", max_size=9)), st.integers(1, 7))
def test_portions_are_the_same_text_and_none_is_too_long(pieces: list[str], most: int) -> None:
    found = [portion.decode() for portion in portions(iter(pieces), most)]
    assert "".join(found) == "".join(pieces)
    assert all(0 < len(portion) <= most for portion in found)


def test_a_piece_is_asked_for_when_it_is_to_be_written() -> None:
    asked: list[int] = []

    def pieces() -> object:
        for number in range(9):
            asked.append(number)
            yield "x" * 4

    reading = portions(pieces(), 8)  # type: ignore[arg-type]
    assert next(reading) == b"x" * 8
    assert len(asked) <= 3
