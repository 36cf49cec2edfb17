"""The history of the benchmarks: what is kept of a table, and what has moved. No program can observe it."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.history import compared, record, surroundings
from benchmarks.measure import Row, Timing


def rows(**figures: float) -> list[Row]:
    return [Row(work, Timing((ours,)), Timing((1.0,))) for work, ours in figures.items()]


def test_what_moved_is_told_the_farthest_first(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    record(rows(calls=1.0, loops=2.0, text=1.0, old=1.0), path)
    record(rows(calls=1.2, loops=1.0, text=1.05, new=3.0), path)
    _, *told = compared(path)
    assert told == ["  -50%  loops: 2 to 1", "  +20%  calls: 1 to 1.2", "   new  new: 3", "  gone  old"]


def test_only_what_was_measured_alike_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert "nothing is recorded" in next(compared(path))
    record(rows(calls=1.0), path)
    assert "is the first" in next(compared(path))
    other = {**json.loads(path.read_text()), "machine": "another"}
    path.write_text(json.dumps(other) + "\n")
    record(rows(calls=2.0), path)
    assert "is the first" in next(compared(path))
    record(rows(calls=2.1), path)
    assert list(compared(path))[1:] == ["nothing has moved"]


def test_a_line_tells_where_it_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    record([*rows(calls=1.23456), Row("a note", None, note="20 kB"), Row("seconds", Timing((0.5,)))], path)
    line = json.loads(path.read_text())
    assert line["figures"] == {"calls": 1.23, "seconds": 0.5}
    assert line.keys() == {"commit", "figures", *surroundings()}
