"""`docs/tutorial.md` is followed from an empty folder: each file is saved, each command run, its output compared.

With --update-snapshots the outputs are written anew.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
NAME = re.compile(r"`([\w/]+\.\w+)`[^`\n]*:\n\n$")
FILES = ("baml", "python", "json")
PORT = "2024"

# What needs the network, or a key.
NOT_RUN = ("pip install", "export OPENAI_API_KEY", "bamlet run")
VARYING = re.compile(
    r"""\b\d+(?:\.\d+)?\ ?m?s\b(?:\ \([\d:]+\))?  # a time, in either unit
    |(?<=ms":)\d+|(?<=^id:\ )\d+|(?<="r1_)\w+""",
    re.M | re.X,
)


@dataclass
class Reader:
    """Where the reader is, and the server that was started in another terminal."""

    folder: Path
    server: subprocess.Popen[str] | None = None
    address: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def save(self, name: str, text: str) -> None:
        """What comes with the project is only shown; the page may show a file again once it has changed."""
        path = self.folder / name
        if name == "baml_src/main.baml":
            assert text in path.read_text("utf-8")
        else:
            path.write_text(text, "utf-8")

    def run(self, command: str) -> str:
        words = shlex.split(command)
        match words:
            case ["cd", folder]:
                self.folder /= folder
                return ""
            case ["bamlet", "serve", *_]:
                return self.serve(command)
            case ["curl", *arguments]:
                return self.asked(arguments)
        done = subprocess.run(
            ["bash", "-c", f"{self.words_of_a_shell()}; {command}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.stdout.replace(f"{self.folder}{os.sep}", "").replace(f"{self.folder}", ".")

    @staticmethod
    def words_of_a_shell() -> str:
        python = shlex.quote(sys.executable)
        return (
            f'bamlet() {{ {python} -m bamlet "$@"; }}; python() {{ {python} "$@"; }}; '
            f'pytest() {{ {python} -m pytest -p no:cacheprovider "$@"; }}'
        )

    def serve(self, command: str) -> str:
        """At any free port. The lines are those up to the one that says that it is open."""
        self.server = subprocess.Popen(
            [sys.executable, "-m", *shlex.split(command), "--port", "0"],
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.server.stderr is not None
        lines = [self.server.stderr.readline() for _ in range(2)]
        address = re.search(r"http://[\d.]+:\d+", lines[0])
        assert address, lines
        self.address = address[0]
        return "".join(lines).replace(self.address, f"http://127.0.0.1:{PORT}")

    def asked(self, arguments: list[str]) -> str:
        """What curl does with these arguments, where there may be none."""
        values = iter(arguments)
        url, headers, body = "", {}, ""
        for word in values:
            match word:
                case "-H":
                    name, _, value = next(values).partition(": ")
                    headers[name] = value
                case "-d":
                    body = next(values)
                case "-s" | "-sN":
                    pass
                case _:
                    url = word.replace(f"http://127.0.0.1:{PORT}", self.address)
        answer = httpx.post(url, headers=headers, content=body.encode(), timeout=50)
        answer.raise_for_status()
        return f"{answer.text.rstrip()}\n"

    def leave(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.wait(50)
            assert self.server.stderr is not None
            self.server.stderr.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "", "COLUMNS": "120", "NO_COLOR": "1"}
    reader = Reader(tmp_path, environment=environment)
    with contextlib.closing(contextlib.ExitStack()) as stack:
        stack.callback(reader.leave)
        yield reader


def followed(page: str, reader: Reader) -> str:
    """The page with what its commands print now."""
    parts: list[str] = []
    at = 0
    for block in BLOCK.finditer(page):
        kind, text = block.groups()
        if kind in FILES:
            named = NAME.search(page, 0, block.start())
            assert named, f"{text}\nis in no file"
            reader.save(named[1], text)
        elif kind == "console":
            commands = [line for line in text.splitlines() if line.startswith("$ ")]
            shown = "".join(f"{command}\n{reader.run(command.removeprefix('$ '))}" for command in commands)
            parts += page[at : block.start(2)], _kept(text, shown)
            at = block.end(2)
        else:
            assert kind == "sh"
            assert all(line.startswith(NOT_RUN) for line in text.splitlines()), text
    return "".join((*parts, page[at:]))


def _kept(before: str, now: str) -> str:
    """What differs in times alone, or in which test ended first, stays as it was written."""
    return before if _comparable(before) == _comparable(now) else now


def _comparable(text: str) -> list[str]:
    lines = VARYING.sub("0", text).splitlines()
    return [*(line for line in lines if not line.startswith("PASSED")), *sorted({*lines})]


@pytest.mark.timeout(1800)  # two dozen processes
def test_the_tutorial_does_what_it_says(reader: Reader, request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text("utf-8")
    actual = followed(page, reader)
    if request.config.getoption("--update-snapshots"):
        PAGE.write_text(actual, "utf-8")
    assert PAGE.read_text("utf-8") == actual
