"""The pace of a map where its tasks end out of turn: no place is lost, none is given back twice, no failure is."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import bamlet
from bamlet.batch import stopping
from bamlet.batch.engines import OK, Done, Row
from bamlet.batch.local import LocalEngine
from bamlet.batch.pace import ClientPaces, Lane, Limits
from tests.servers.rows import Behaviour, RowServer
from tests.support.canary import KEY
from tests.support.mapped import DEADLINE, Table, source, texts
from tests.support.scripted import run_virtual


def test_who_is_cancelled_while_the_line_moves_gives_no_place_back() -> None:
    async def body() -> None:
        lane = Lane(Limits(concurrency=1), lambda: None)
        leave = asyncio.Event()

        async def request() -> None:
            async with lane.place(1, 0):
                await leave.wait()

        first, second = asyncio.create_task(request()), asyncio.create_task(request())
        await asyncio.sleep(0)
        # Both in one turn: the first one leaves, and the line moves over the one that has not heard yet.
        leave.set()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert lane.running == 0
        leave.clear()
        tasks = [asyncio.create_task(request()) for _ in range(3)]
        await asyncio.sleep(0)
        assert lane.running == 1
        leave.set()
        await asyncio.gather(*tasks)
        assert lane.running == 0

    asyncio.run(asyncio.wait_for(body(), DEADLINE))


def test_a_place_that_came_with_the_cancellation_is_given_back() -> None:
    async def body() -> None:
        lane = Lane(Limits(concurrency=1), lambda: None)

        async def request() -> None:
            async with lane.place(1, 0):
                await asyncio.sleep(DEADLINE)

        first, second = asyncio.create_task(request()), asyncio.create_task(request())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        assert (first.done(), lane.running) == (True, 1)
        second.cancel()  # its place is granted, and it has not run since
        await asyncio.gather(first, second, return_exceptions=True)
        assert lane.running == 0

    asyncio.run(asyncio.wait_for(body(), DEADLINE))


@pytest.mark.parametrize("cap", [8, 40])
def test_as_many_are_under_way_as_are_taken_and_few_are_refused(cap: int) -> None:
    """In time that passes at once: answers of 100 ms, and a refusal of what is more than `cap`."""
    rows, latency, refused, under_way = 6000, 0.1, 0, 0

    async def body() -> float:
        paces = ClientPaces(lambda name: Limits(), None)

        async def ask(row: Row) -> Done:
            nonlocal refused, under_way
            for refusals in itertools.count():
                async with paces.place("Rows", 1, refusals) as place:
                    is_taken = under_way < cap
                    under_way += is_taken
                    await asyncio.sleep(latency if is_taken else 0)
                    under_way -= is_taken
                    refused += not is_taken
                    if not place.is_refused(200 if is_taken else 429, {}):
                        break
            return Done(row.id, OK, "1")

        async def feed() -> AsyncIterator[Row]:
            for number in range(rows):
                yield Row(number, number, {})

        await LocalEngine(ask, paces).run(feed(), lambda done: None)
        return asyncio.get_running_loop().time()

    seconds = run_virtual(body())
    assert refused < rows / 100
    assert seconds < rows / cap * latency / 0.85


def test_an_outage_halves_at_most_and_more_is_looked_for_step_by_step() -> None:
    async def body() -> list[float]:
        lane = Lane(Limits(), lambda: None)
        for _ in range(60):
            lane.grow()
        places = [lane.place(1, 0) for _ in range(64)]
        for place in places:
            await place.__aenter__()
        limits = [lane.limit]
        for place in places:
            assert place.is_refused(529, {})
        limits.append(lane.limit)
        for place in places:
            await place.__aexit__(None, None, None)
        for _ in range(4000):
            lane.grow()
            limits.append(lane.limit)
        return limits

    before, after, *later = asyncio.run(asyncio.wait_for(body(), DEADLINE))
    assert (before, after) == (64, 32)
    assert max(more - less for less, more in itertools.pairwise(later)) <= 1
    assert 50 < later[-1] < 200


def test_a_failure_is_heard_also_when_no_row_is_left_to_wait_for() -> None:
    async def ask(row: Row) -> Done:
        return Done(row.id, OK, "1", None, None, 1, None, None, None, 0)

    async def rows() -> AsyncIterator[Row]:
        yield Row(0, 0, {})
        await asyncio.sleep(0.01)  # the row has failed meanwhile, and none follows

    def full_disk(done: Done) -> None:
        raise OSError("no space left")

    async def body() -> None:
        paces = ClientPaces(lambda name: Limits(), None)
        with pytest.raises(OSError, match="no space"):
            await LocalEngine(ask, paces).run(rows(), full_disk)

    asyncio.run(asyncio.wait_for(body(), DEADLINE))


def test_two_maps_over_one_runtime_keep_a_pace_each() -> None:
    async def body() -> float:
        server = RowServer(Behaviour(1))
        async with await server.serve(0) as listening:
            environ = {"BASE_URL": f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", "ROWS_KEY": KEY}
            program = bamlet.compile_sources({"map.baml": source()})
            async with bamlet.AsyncRuntime(program, environ=environ) as runtime:

                async def mapped(names: range, rpm: float | None) -> float:
                    began = asyncio.get_running_loop().time()
                    found = [row.error async for row in bamlet.amap(runtime, "Classify", texts(names), rpm=rpm)]
                    assert found == [None] * len(names)
                    return asyncio.get_running_loop().time() - began

                slow, _ = await asyncio.gather(mapped(range(16), 1200), mapped(range(100, 102), None))
                return slow

    # Twenty a second, and what half a second gives at once.
    assert asyncio.run(asyncio.wait_for(body(), DEADLINE)) >= (16 - 10 - 1) / 20


def test_a_deadline_ends_rows_that_wait_for_their_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE_SECONDS", 0.1)
    table = Table(tmp_path)
    table.write(texts(range(60)))
    # Of sixteen rows under way the last one would wait for a quarter of a minute.
    report = table.run(concurrency=16, rpm=60, deadline=0.2, canary=False)
    assert report.reason == "deadline"
    assert report.ok < 10
