"""`--procs N`: several processes over one journal. Who of them is killed, whatever it had in hand is asked by
another; limits hold for all together."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bamlet.batch.budget import Grant, Leased, Owner, Rate
from bamlet.batch.crew import Crew, Terms, WorkerDied
from bamlet.batch.engines import OK, Done, Row
from tests.servers.rows import Behaviour, RowServer
from tests.support.mapped import Table, texts

pytestmark = pytest.mark.timeout(300)

ROWS = 400
PLACES = 16


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path, deadline=240)


def kill_a_worker(turn: int) -> None:
    workers = sorted(multiprocessing.active_children(), key=lambda process: process.pid or 0)
    pid = workers[turn % len(workers)].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_workers_that_are_killed_lose_nothing_and_repeat_nothing(table: Table) -> None:
    async def kill_twice(server: RowServer) -> None:
        for turn, count in enumerate((60, 200)):
            await server.until("answered", count)
            kill_a_worker(turn)

    table.behaviour = Behaviour(latency=20)
    table.meddle = kill_twice
    table.write(texts(range(ROWS)))
    report = table.run(procs=2, concurrency=PLACES, keep="n")
    assert (report.reason, report.ok, report.failed) == ("done", ROWS, 0)
    assert [row["n"] for row in table.output()] == list(range(ROWS))
    assert all(row["result"]["label"] == str(row["n"]) for row in table.output())
    # A worker has at most twice its places in hand, and may have had nothing when it was killed.
    assert report.paid_twice <= 2 * PLACES
    assert table.counts.answered.total() - ROWS <= report.paid_twice
    assert not multiprocessing.active_children()


class Deadly:
    """A worker that dies over one row."""

    def __init__(self) -> None:
        self.starts = 0

    async def start(self) -> None:
        self.starts += 1

    async def run(self, rows: Sequence[Row]) -> AsyncIterator[list[Done]]:
        for row in rows:
            if row.number == 7:
                raise WorkerDied("out of memory")
            yield [Done(row.id, OK, "1")]

    async def close(self) -> None:
        self.starts = 0


def test_a_row_over_which_workers_die_fails_and_stops_no_other() -> None:
    async def rows() -> AsyncIterator[Row]:
        for number in range(20):
            yield Row(number, number, {})

    async def body() -> None:
        lost: list[int] = []
        ended: dict[int, Done] = {}
        crew = Crew([Deadly(), Deadly()], Terms(least=1, most=4, in_hand=8), None, lost.append)
        await crew.run(rows(), lambda done: ended.__setitem__(done.id, done))
        assert [number for number, done in sorted(ended.items()) if done.status != OK] == [7]
        assert sorted(ended) == list(range(20))
        letter = json.loads(ended[7].error or "")
        assert letter["class"] == "Worker"
        assert "out of memory" in letter["message"]
        assert sum(lost) >= 3

    asyncio.run(asyncio.wait_for(body(), 30))


def test_places_are_those_of_all_workers_together(table: Table) -> None:
    table.behaviour = Behaviour(latency=20)
    table.write(texts(range(60)))
    assert table.run(procs=3, concurrency=4, canary=False).ok == 60
    assert table.counts.most_under_way <= 4


def test_requests_a_minute_are_those_of_all_workers_together(table: Table) -> None:
    loop_times: list[float] = []

    async def note(server: RowServer) -> None:
        for count in (1, 40):
            await server.until("asked", count)
            loop_times.append(asyncio.get_running_loop().time())

    table.meddle = note
    table.write(texts(range(40)))
    assert table.run(procs=2, rpm=600, canary=False).ok == 40
    # Ten a second, and five at once in the beginning.
    assert loop_times[1] - loop_times[0] >= (40 - 1 - 5) / 10 - 0.5


# --- leases


def test_an_owner_grants_what_there_is() -> None:
    owner = Owner(lambda client: Rate(rpm=600))
    first, second = owner.lease("C", [1.0] * 8, 0.0, 0.0), owner.lease("C", [1.0], 0.0, 0.0)
    assert (first.requests, second.requests) == (5, 0)
    assert first.wait == second.wait == pytest.approx(0.1)
    assert owner.lease("C", [1.0] * 8, 0.0, 0.2).requests == 2
    assert owner.lease("Other", [1.0], 0.0, 0.2).requests == 1


def test_who_cannot_reach_the_owner_keeps_to_its_share() -> None:
    async def nobody(client: str, tokens: object, owed: float) -> Grant:
        raise ConnectionError

    async def body() -> None:
        heard = asyncio.Event()
        budget = Leased("C", nobody, Rate(rpm=120), heard.set)
        now = asyncio.get_running_loop().time()
        assert budget.wait([1.0], now) == float("inf")
        await heard.wait()
        now = asyncio.get_running_loop().time()
        assert budget.wait([1.0], now) == 0.0
        budget.take(1.0, now)
        assert budget.wait([1.0], now) == pytest.approx(0.5)
        budget.close()

    asyncio.run(asyncio.wait_for(body(), 30))
