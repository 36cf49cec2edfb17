"""`bamlet map --engine ray` on a small cluster of this machine, whose actors, limiter and driver are killed.

`make ray` runs it, outside of `make test`, since Ray is 80 MB.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from bamlet.ray import RowWorker
from tests.batch.kill import COMMIT_ROWS, Mapping, answered, compare, row_server
from tests.servers.rows import Behaviour, RowServer
from tests.support.canary import KEY, files_with_it
from tests.support.mapped import Table, source, texts

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("default")]

ROWS = 600
PLACES = 32


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[Path]:
    """A cluster for all tests, and where it keeps its logs."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  # of lower priority, actors hardly begin on a busy machine
    ray.init(
        num_cpus=2,
        namespace="bamlet",
        include_dashboard=False,
        object_store_memory=80 << 20,
        log_to_driver=False,
    )
    yield Path(ray._private.worker._global_node.get_session_dir_path())
    ray.shutdown()


@pytest.fixture
def table(tmp_path: Path) -> Table:
    table = Table(tmp_path, Behaviour(latency=20), deadline=200)
    table.write(texts(range(ROWS)))
    return table


def processes(title: str) -> list[int]:
    """Those of our cluster that say of themselves what they are."""
    found = []
    for name in os.listdir("/proc"):
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue
        if words.startswith(f"ray::{title}".encode()) and os.getpid() in ancestors(int(name)):
            found.append(int(name))
    return sorted(found)


def ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
        found.append(pid)
    return found


def is_right(table: Table) -> bool:
    found = [(row["n"], row["result"]["label"]) for row in table.output()]
    return found == [(number, str(number)) for number in range(ROWS)]


def test_an_actor_that_is_killed_loses_nothing_and_repeats_nothing(table: Table) -> None:
    """14."""

    async def kill(server: RowServer) -> None:
        await server.until("answered", ROWS // 3)
        os.kill(processes("RayHands")[0], signal.SIGKILL)

    table.meddle = kill
    report = table.run(engine="ray", workers=2, concurrency=PLACES, keep="n")
    assert (report.reason, report.ok, report.failed) == ("done", ROWS, 0)
    assert is_right(table)
    # What one actor has in hand.
    assert 0 < report.paid_twice <= PLACES
    assert table.counts.answered.total() <= ROWS + report.paid_twice
    assert not processes("RayHands")
    limiters = processes("Limiter")
    assert table.run(engine="ray", keep="n").known == ROWS
    assert table.calls == 0
    assert processes("Limiter") == limiters, "who asks nobody begins nothing"


def test_a_driver_that_is_killed_goes_on(tmp_path: Path) -> None:
    """14."""
    cluster = ray.get_runtime_context().gcs_address
    more = ("--engine", "ray", "--ray-address", cluster, "--workers", "1", "--concurrency", str(PLACES))
    with row_server(20) as url:
        mapping = Mapping(tmp_path, url, ROWS, *more)
        driver = mapping.start()
        answered(url, mapping.distinct // 3)
        driver.kill()
        driver.communicate()
        mapping.run()
        assert compare(mapping, ROWS) == (0, 0)
        assert answered(url) <= mapping.distinct + 2 * PLACES + COMMIT_ROWS


def test_the_limit_holds_while_the_limiter_is_killed(table: Table) -> None:
    """14."""
    times: list[float] = []

    async def kill(server: RowServer) -> None:
        for count in (20, 120):
            await server.until("asked", count)
            times.append(asyncio.get_running_loop().time())
            if count == 20:
                os.kill(processes("Limiter")[0], signal.SIGKILL)

    table.meddle = kill
    table.write(texts(range(120)))
    assert table.run(engine="ray", workers=2, rpm=1800, canary=False).ok == 120
    # Thirty a second, and fifteen at once of each limiter.
    assert times[1] - times[0] >= (100 - 2 * 15) / 30 - 0.5


def test_no_key_is_in_what_ray_writes(session: Path) -> None:
    """17. After the runs above."""
    assert list((session / "logs").iterdir())
    assert files_with_it(session / "logs") == []


def test_a_pipeline_of_ray_data_gets_columns(tmp_path: Path) -> None:
    """The class alone, as Ray Data calls it."""

    async def body() -> dict[str, object]:
        server = RowServer(Behaviour(latency=1))
        async with await server.serve(0) as listening:
            port = listening.sockets[0].getsockname()[1]
            environ = {"BASE_URL": f"http://127.0.0.1:{port}", "ROWS_KEY": KEY}
            worker = RowWorker({"m.baml": source()}, "Classify", environ=environ)
            found = await asyncio.to_thread(worker, {"text": ["row:a", "row:b", None], "n": [1, 2, 3]})
            await asyncio.to_thread(worker.close)
            return found

    found = asyncio.run(asyncio.wait_for(body(), 60))
    result, error = found["result"], found["error"]
    assert isinstance(result, list)
    assert isinstance(error, list)
    assert [json.loads(text)["label"] for text in result[:2]] == ["a", "b"]
    assert result[2] is None
    assert error[:2] == [None, None]
    assert "text" in error[2]
