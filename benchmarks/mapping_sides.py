"""One side of `benchmarks.mapping`, in its process: `python -m benchmarks.mapping_sides BASE WORK LOOP PLACES FEW
MANY`.

WORK is a parser of ours or `floor`, LOOP `asyncio` or `uvloop`. Prints CPU of a run of few rows and of one of
many, and the time of the latter, in seconds, after a run of few for nothing.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import aiohttp

import bamlet

from .measure import processor_time_of_children

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
_compact = partial(json.dumps, separators=(",", ":"))  # as the body is written by us: the bytes are the same


def ours(base: str, parser: Any, places: int) -> Callable[[Path, Path], None]:
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("BASE", base)})

    def run(source: Path, target: Path) -> None:
        # A runtime for each run, as there is a session for each of the floor: connections are opened anew.
        with bamlet.Runtime(program, transport=bamlet.HttpOptions(engine=parser)) as runtime:
            report = bamlet.map_file(
                runtime, "Classify", input=source, output=target, concurrency=places, fresh=True
            )
        assert not report.failed, report

    return run


def floor(base: str, loop: str, places: int) -> Callable[[Path, Path], None]:
    def run(source: Path, target: Path) -> None:
        with asyncio.Runner(loop_factory=_factory(loop)) as runner, source.open(encoding="utf-8") as lines:
            found = runner.run(_by_hand(base, lines, places))
        target.write_text("".join(found), "utf-8")

    return run


async def _by_hand(base: str, lines: Iterable[str], places: int) -> list[str]:
    """What a person writes who binds nothing, remembers nothing and cannot go on."""
    free = asyncio.Semaphore(places)

    async def one(line: str) -> str:
        prompt = f"{json.loads(line)['text']}\n{FORMAT}"
        body = {"model": "loopback", "messages": [{"role": "system", "content": prompt}]}
        async with free, session.post(f"{base}/chat/completions", json=body, headers=headers) as answer:
            answer.raise_for_status()
            found = await answer.json()
        value = json.loads(found["choices"][0]["message"]["content"])
        return json.dumps({"result": {"label": value["label"], "score": value["score"]}}) + "\n"

    headers = {"authorization": "Bearer none"}
    connector = aiohttp.TCPConnector(limit=places)
    async with aiohttp.ClientSession(connector=connector, json_serialize=_compact) as session:
        return await asyncio.gather(*(one(line) for line in lines))


def _factory(loop: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if loop == "asyncio":
        return asyncio.new_event_loop
    import uvloop  # not everywhere

    return uvloop.new_event_loop


def _processor_time() -> float:
    return process_time() + processor_time_of_children()


def main(base: str, work: str, loop: str, places: int, few: int, many: int) -> list[float]:
    if loop == "asyncio":
        sys.modules["uvloop"] = None  # type: ignore[assignment]  # we take it where it is installed
    run = floor(base, loop, places) if work == "floor" else ours(base, work, places)
    found, passed = [], 0.0
    with tempfile.TemporaryDirectory() as name:
        for number, count in enumerate((few, few, many)):
            source, target = Path(name) / f"in{number}.jsonl", Path(name) / f"out{number}.jsonl"
            texts = [f"row {row}: the kettle of my order is late, again" for row in range(count)]
            source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
            gc.collect()
            busy, began = _processor_time(), perf_counter()
            run(source, target)
            found.append(_processor_time() - busy)
            passed = perf_counter() - began
            assert target.read_text("utf-8").count("\n") == count
    return [*found[1:], passed]


if __name__ == "__main__":
    base, work, loop, *numbers = sys.argv[1:]
    print(json.dumps(main(base, work, loop, *map(int, numbers))))
