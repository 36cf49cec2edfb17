"""`bamlet map` as a whole command, start and all, beside a script by hand that asks the same of one server."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from .loopback import received, server
from .mapping_sides import SOURCE
from .measure import Row, Timing, processor_time_of_children

ROWS = 10_000
PLACES = 128
LATENCY_MS = 100
ROUNDS = 3
MOST_RATIO = 2.0  # CPU of the command, of the script's
_MAIN = "from bamlet.__main__ import main; main()"
_WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None; "  # which the command takes where it is installed


def rows(loops: Sequence[str]) -> Iterator[Row]:
    commands = {"map": _map, "by hand": _by_hand}
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = [f"row {row}: the kettle of my order is late, again" for row in range(ROWS)]
        (folder / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
        for _ in range(ROUNDS):
            # By turns, so that a slow moment of the machine falls on all.
            for loop in loops:
                sent = set()
                for side, command in commands.items():
                    with server() as url:
                        seconds = _run(command(folder, f"{url}/label/{LATENCY_MS}", loop), folder)
                        sent.add(received(url))
                    found.setdefault((side, loop), []).append(seconds)
                assert len(sent) == 1, sent
    for loop in loops:
        ours, floor = (zip(*found[side, loop], strict=True) for side in commands)
        spent, passed = zip(map(Timing, ours), map(Timing, floor), strict=True)
        what = f"{ROWS:,} rows, start and all, {loop}"
        yield Row(f"bamlet map, CPU of {what}", *spent, most_ratio=MOST_RATIO)
        yield Row(f"bamlet map, {what}, by the clock", *passed)


def _map(folder: Path, base: str, loop: str) -> list[str]:
    program, output = folder / "main.baml", folder / "out.jsonl"
    program.write_text(SOURCE.replace("BASE", base), "utf-8")
    main = (_WITHOUT_UVLOOP if loop == "asyncio" else "") + _MAIN
    asked = ["map", str(program), "Classify", "--input", str(folder / "in.jsonl"), "--output", str(output)]
    return ["-c", main, *asked, "--concurrency", str(PLACES), "--fresh"]


def _by_hand(folder: Path, base: str, loop: str) -> list[str]:
    paths = [str(folder / name) for name in ("in.jsonl", "out.jsonl")]
    return ["-m", "benchmarks.mapping_by_hand", base, loop, str(PLACES), *paths]


def _run(arguments: Sequence[str], folder: Path) -> tuple[float, float]:
    busy, began = processor_time_of_children(), perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stderr=subprocess.PIPE)
    spent = processor_time_of_children() - busy, perf_counter() - began
    assert (folder / "out.jsonl").read_text("utf-8").count("\n") == ROWS
    (folder / "out.jsonl").unlink()
    return spent
