"""`bamlet map` killed where it hurts most: each place of `bamlet.batch.crash` many times, and the output compared.

    python -m tests.batch.crash --kills 20 --seed 1

Prints a line for each place, in the words of `tests.batch.kill`. Exit code 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Any, get_args

from bamlet.batch.crash import Point
from tests.batch.kill import COMMIT_ROWS, Mapping, Result, answered, row_server

ROWS, PART_ROWS, CONCURRENCY = 1200, 300, 16
FAILED = ("--fail", "0.03")
OF_FILE: AnyMapping[Point, int] = {"commit": 3, "whole": 1, "errors": 1}
OF_PARTS: AnyMapping[Point, int] = {"part-row": ROWS, "part": ROWS // PART_ROWS, "success": 1}
"""How often a run gets there, at least."""


def mapping(folder: Path, url: str, rows: int, *, in_parts: bool) -> Mapping:
    folder.mkdir()
    more = ("--concurrency", str(CONCURRENCY), "--keep", "n,text", "--part-rows", str(PART_ROWS))
    return Mapping(folder, url, rows, *more, output="out/" if in_parts else "out.jsonl")


def files(made: Mapping) -> dict[str, object]:
    """What a run has left to its reader, by name."""
    folder = made.output if made.output.is_dir() else made.folder
    return {path.name: content(path) for path in folder.glob("*") if path.is_file()}


def content(path: Path) -> object:
    """Letters without what is of one run alone: how long an attempt took."""
    if "errors" not in path.name or path.suffix != ".jsonl":
        return path.read_bytes()
    letters: list[Any] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for letter in letters:
        for attempt in letter["attempts"]:
            del attempt["ms"]
    return letters


def crash(made: Mapping, at: str, whole: AnyMapping[str, object]) -> None:
    """One run that dies there. What it leaves in sight is as the end will have it."""
    made.crash(at)
    last = "_SUCCESS" if made.output.is_dir() else made.output.name
    for name, found in files(made).items():
        assert name != last, f"{name} is there after a crash at {at}"
        assert name.endswith((".partial", ".tmp")) or found == whole[name], f"{name}, after a crash at {at}"


def aimed(point: Point, kills: int, chance: random.Random, rows: int = ROWS) -> Result:
    in_parts = point in OF_PARTS
    most = (OF_PARTS if in_parts else OF_FILE)[point]
    with tempfile.TemporaryDirectory() as name:
        with row_server(0, *FAILED) as url:
            calm = mapping(Path(name) / "calm", url, rows, in_parts=in_parts)
            calm.run(fails=True)
            whole = files(calm)
            # Rows that are refused are no answers.
            expected = answered(url)
        with row_server(10, *FAILED) as url:
            made = mapping(Path(name) / "killed", url, rows, in_parts=in_parts)
            for _ in range(kills):
                crash(made, f"{point}:{chance.randint(1, most)}", whole)
            made.run(fails=True)
            paid = answered(url)
        assert files(made) == whole, f"after crashes at {point}"
        numbers = written(made)
        assert set(numbers) == set(written(calm))
    promised = kills * (CONCURRENCY + COMMIT_ROWS)
    twice = len(numbers) - len(set(numbers))
    return Result(kills, rows, rows - len(set(numbers)), twice, paid - expected, promised)


def written(made: Mapping) -> list[int]:
    """The rows in the output and the errors, each as often as it is there."""
    folder, key = (made.output, "part-*") if made.output.is_dir() else (made.folder, "out.jsonl")
    found = [json.loads(line)["n"] for path in folder.glob(key) for line in path.read_text("utf-8").splitlines()]
    (errors,) = folder.glob("*errors.jsonl")
    return found + [json.loads(line)["row"] for line in errors.read_text("utf-8").splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    holds = True
    for point in get_args(Point):
        result = aimed(point, given.kills, random.Random(given.seed))
        holds = holds and result.holds
        print(f"{point}: {result}", flush=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
