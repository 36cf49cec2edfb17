"""`bamlet.ray.RowWorker` as Ray Data calls it, without Ray: several of a machine that share a folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import bamlet
from bamlet.ray import RowWorker
from tests.servers.rows import Behaviour, RowServer
from tests.support.canary import KEY
from tests.support.mapped import DEADLINE, source


@contextmanager
def worker(url: str, folder: Path, more: str = "") -> Iterator[RowWorker]:
    environ = {"BASE_URL": url, "ROWS_KEY": KEY}
    with closing(RowWorker({"m.baml": source(more)}, "Classify", environ=environ, state=folder)) as made:
        yield made


def labels(made: RowWorker, *names: str) -> list[str]:
    found = made({"text": [f"row:{name}" for name in names]})
    assert found["error"] == [None] * len(names)
    return [json.loads(text)["label"] for text in found["result"]]


def test_workers_that_share_a_folder_ask_no_row_that_one_has_an_answer_of(tmp_path: Path) -> None:
    def work(url: str) -> None:
        with worker(url, tmp_path) as first, worker(url, tmp_path) as second:
            assert labels(first, "a", "b") == ["a", "b"]
            assert labels(second, "b", "c") == ["b", "c"]
            assert labels(first, "c", "a") == ["c", "a"]
        with worker(url, tmp_path) as later:
            assert labels(later, "c", "d") == ["c", "d"]

    async def body() -> dict[str, int]:
        server = RowServer(Behaviour(latency=1))
        async with await server.serve(0) as listening:
            await asyncio.to_thread(work, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        return dict(server.counts.asked)

    assert asyncio.run(asyncio.wait_for(body(), DEADLINE)) == dict.fromkeys("abcd", 1)


def test_answers_of_another_function_are_none(tmp_path: Path) -> None:
    async def body() -> int:
        server = RowServer(Behaviour(latency=1))
        async with await server.serve(0) as listening:
            url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            await asyncio.to_thread(work, url)
        return server.counts.asked["a"]

    def work(url: str) -> None:
        with worker(url, tmp_path) as first:
            assert labels(first, "a") == ["a"]
            with worker(url, tmp_path, "temperature 0.5") as changed:
                assert labels(changed, "a") == ["a"]
        with (
            worker(url, tmp_path, "temperature 0.5") as late,
            pytest.raises(bamlet.BamlInvalidArgumentError, match="the function has changed"),
        ):
            late({"text": ["row:a"]})

    assert asyncio.run(asyncio.wait_for(body(), DEADLINE)) == 2
