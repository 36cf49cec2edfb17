"""`docs/debugging.md` shows what tools print: its commands are run, and with --update-snapshots written anew."""

from __future__ import annotations

import os
import pdb
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "debugging.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
FILES = {"baml": "shop.baml", "python": "host.py", "ini": ".coveragerc"}
COMMANDS = {
    "bamlet": [sys.executable, "-m", "bamlet"],
    "coverage": [sys.executable, "-m", "coverage"],
    "python": [sys.executable],
}


CARETS = re.compile(r"^ +[~^]+\n", re.M)


@dataclass(frozen=True)
class Session:
    """Commands and what they print, with the files that the page has shown until there."""

    files: dict[str, str]
    text: str
    at: tuple[int, int]


def sessions(page: str) -> Iterator[Session]:
    files: dict[str, str] = {}
    for block in BLOCK.finditer(page):
        kind, text = block.groups()
        if kind == "console":
            yield Session(dict(files), text, block.span(2))
        else:
            files[FILES[kind]] = text


def session_text(session: Session, folder: Path) -> str:
    """The session as it goes now."""
    for name, text in session.files.items():
        (folder / name).write_text(text)
    commands = [line for line in session.text.splitlines() if line.startswith("$ ")]
    return "".join(f"{command}\n{_output(command, folder)}" for command in commands)


def _output(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command.removeprefix("$ "))
    finished = subprocess.run(
        [*COMMANDS[program], *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "COVERAGE_CORE": "ctrace"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    return _shown(finished.stdout, folder)


def _shown(output: str, folder: Path) -> str:
    """Without what differs from machine to machine; of Python's own frames and functions only a sign."""
    lines: list[str] = []
    for line in output.replace(f"{folder}{os.sep}", "").splitlines():
        if _is_of_python(line) or (
            lines[-1:] == ["..."] and line.startswith(("    ", "-> ")) and ".baml" not in line
        ):
            line = "..."
        if line != "..." or lines[-1:] != ["..."]:
            lines.append(TIMES.sub("0.000", ADDRESS.sub("0x7f00", line)).rstrip())
    return "".join(f"{line}\n" for line in lines)


ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
TIMES = re.compile(r"(?<= )\d+\.\d\d\d(?= )")  # of a profile


def _is_of_python(line: str) -> bool:
    """A place in a `.py` file, or what a profile says of all functions together."""
    return re.search(r"\.py\b|<frozen |<string>|function calls|List reduced", line) is not None


@pytest.mark.timeout(200)  # a dozen processes
def test_the_page_shows_what_tools_print(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text("utf-8")
    actual = page
    for session in reversed(list(sessions(page))):
        start, end = session.at
        if session.text.startswith("$ python -m pdb") and not takes_breaks_in_baml(tmp_path):
            continue
        actual = actual[:start] + session_text(session, tmp_path) + actual[end:]
    if request.config.getoption("--update-snapshots"):
        PAGE.write_text(actual, "utf-8")
    assert comparable(PAGE.read_text("utf-8")) == comparable(actual)


def takes_breaks_in_baml(folder: Path) -> bool:
    """Whether `break FILE:LINE` of this pdb finds a file that is none of Python; that of 3.13 does not."""
    file = folder / "any.baml"
    file.touch()
    return pdb.Pdb(readrc=False).lookupmodule(str(file)) is not None


def comparable(page: str) -> str:
    """Which part of a line Python underlines has changed with 3.13; the page shows what the oldest one draws."""
    return page if sys.version_info < (3, 13) else CARETS.sub("", page)
