"""What a process pays before it does anything: import, `--version`, `check`. Every run is a new process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from .measure import Row, measure
from .project import project

ROUNDS = 11
LINES = 1_000


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as parent:
        # One for each work: an edit would make another's program one that nobody has seen.
        same, edited, loaded, edited_and_loaded = (_folder(Path(parent, name)) for name in "abcd")
        timings = measure(
            {
                "pass": lambda: _python("-c", "pass"),
                "import": lambda: _python("-c", "import bamlet"),
                "version": lambda: _python("-m", "bamlet", "--version"),
                "check": lambda: _python("-m", "bamlet", "check", same),
                "edited": lambda: _edit_and_check(Path(edited, "part_00003.baml"), edited),
                "load": lambda: _python("-c", _LOAD, loaded),
                "load edited": lambda: _edit_and_load(
                    Path(edited_and_loaded, "part_00003.baml"), edited_and_loaded
                ),
            },
            ROUNDS,
        )
    floor = timings["pass"]
    yield Row("import bamlet / python -c pass", timings["import"], floor, most_seconds=0.060)
    yield Row("bamlet --version", timings["version"], floor, most_seconds=0.080)
    yield Row(f"bamlet check, {LINES:,} lines, unchanged", timings["check"], floor, most_seconds=0.150)
    yield Row(f"bamlet check, {LINES:,} lines, after an edit", timings["edited"], floor)
    yield Row(f"bamlet.load, {LINES:,} lines, unchanged", timings["load"], floor)
    yield Row(f"bamlet.load, {LINES:,} lines, after an edit", timings["load edited"], floor)


_LOAD = "import sys, bamlet; bamlet.load(sys.argv[1])"


def _folder(folder: Path) -> str:
    folder.mkdir()
    for name, text in project(LINES).items():
        (folder / name).write_text(text, "utf-8")
    return str(folder)


def _edit_and_check(path: Path, folder: str) -> None:
    """A program that nobody has seen before, in a process of its own: all of it is parsed and checked."""
    _edit(path)
    _python("-m", "bamlet", "check", folder)


def _edit_and_load(path: Path, folder: str) -> None:
    _edit(path)
    _python("-c", _LOAD, folder)


def _edit(path: Path) -> None:
    path.write_text(f"{path.read_text('utf-8')}// {perf_counter()}\n", "utf-8")


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
