"""The pace of a map where its tasks end out of turn: no place is lost, none is given back twice, no failure is."""

from __future__ import annotations

import asyncio
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
