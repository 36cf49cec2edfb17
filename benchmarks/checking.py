"""Checking a project again after one edit, through the library: what an editor pays for each pause in typing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from bamlet.embed.project import Project

from .measure import Row, measure
from .project import project

ROUNDS = 25
LINES = 1_000


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in project(LINES).items():
            Path(folder, name).write_text(text, "utf-8")
        checked = Project(folder)
        assert checked.check() == ()
        timings = measure({"edit": _edit_and_check(checked, Path(folder, "part_00003.baml"))}, ROUNDS)
    yield Row(f"check again after an edit, {LINES:,} lines", timings["edit"], most_seconds=0.015)


def _edit_and_check(checked: Project, path: Path) -> Callable[[], None]:
    text = path.read_text("utf-8")
    numbers = count(2)

    def run() -> None:
        path.write_text(text.replace("total + 1.0", f"total + {next(numbers)}.0"), "utf-8")
        assert checked.check() == ()

    return run
