"""A thousand rows by `map_file`, 128 under way: CPU of the process for a row, and its time, against bare aiohttp.

The floor sends the same requests behind a semaphore, reads the JSON of each answer and writes its lines. It binds
nothing, remembers nothing and cannot go on.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import aiohttp

import bamlet

from .loopback import server
from .measure import Row, measure

ROWS = 1000
PLACES = 128
LATENCY_MS = 100
ROUNDS = 3
MOST_RATIO = 2.0  # CPU of a row, of the floor

SOURCE = """\
class Label {
  label string
  score int
}

client<llm> Loopback {
  provider "openai-generic"
  options {
    base_url "BASE"
    api_key "none"
    model "loopback"
  }
}

function Classify(text: string) -> Label {
  client Loopback
  prompt #"
    {{ text }}
    {{ ctx.output_format }}
  "#
}
"""

FORMAT = "Answer in JSON using this schema:\n{\n  label: string,\n  score: int,\n}"


def rows() -> Iterator[Row]:
    with server() as url, tempfile.TemporaryDirectory() as name:
        base, folder = f"{url}/label/{LATENCY_MS}", Path(name)
        texts = [f"row {number}: the kettle of my order is late, again" for number in range(ROWS)]
        table = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        (folder / "in.jsonl").write_text(table, "utf-8")
        program = bamlet.compile_sources({"main.baml": SOURCE.replace("BASE", base)})

        def ours() -> None:
            report = bamlet.map_file(
                program,
                "Classify",
                input=str(folder / "in.jsonl"),
                output=str(folder / "out.jsonl"),
                concurrency=PLACES,
                fresh=True,
            )
            assert report.ok == ROWS, report

        def by_hand() -> None:
            found = asyncio.run(_answers(base, texts))
            lines = "".join(json.dumps({"result": value}) + "\n" for value in found)
            (folder / "floor.jsonl").write_text(lines, "utf-8")

        works: dict[str, Callable[[], object]] = {"ours": ours, "floor": by_hand}
        busy = measure(works, ROUNDS, process_time)
        work = f"CPU of 1 of {ROWS:,} rows, {PLACES} under way"
        yield Row(work, busy["ours"].per(ROWS), busy["floor"].per(ROWS), most_ratio=MOST_RATIO)
        passed = measure(works, 1, perf_counter)
        yield Row("the same, by the clock", passed["ours"].per(ROWS), passed["floor"].per(ROWS))


async def _answers(base: str, texts: list[str]) -> list[Any]:
    places = asyncio.Semaphore(PLACES)

    async def one(text: str) -> Any:
        body = {"model": "loopback", "messages": [{"role": "user", "content": f"{text}\n{FORMAT}"}]}
        async with places, session.post(f"{base}/chat/completions", json=body) as answer:
            found = await answer.json()
        return json.loads(found["choices"][0]["message"]["content"])

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=PLACES)) as session:
        return await asyncio.gather(*(one(text) for text in texts))
