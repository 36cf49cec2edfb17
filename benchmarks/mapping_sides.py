"""One side of `benchmarks.mapping`, in its process: `python -m benchmarks.mapping_sides BASE WORK LOOP PLACES FEW
MANY`.

WORK is a parser of ours or `floor`, LOOP `asyncio` or `uvloop`. Prints CPU of a run of few rows and of one of
many, and the time of the latter, in seconds, after a run of few for nothing.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import bamlet

from .mapping_by_hand import by_hand
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


def _processor_time() -> float:
    return process_time() + processor_time_of_children()


def main(base: str, work: str, loop: str, places: int, few: int, many: int) -> list[float]:
    if loop == "asyncio":
        sys.modules["uvloop"] = None  # type: ignore[assignment]  # we take it where it is installed
    run = by_hand(base, loop, places) if work == "floor" else ours(base, work, places)
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
