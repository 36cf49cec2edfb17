"""Files that have no end and streams that are not there: what a shell can hand to the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bamlet
from bamlet.cli.main import run

pytestmark = pytest.mark.timeout(50)

MAP = ["map", "ask.baml", "Ask", "--input", "-", "--output", "out.jsonl", "--format"]
COMMANDS = ["run main.baml", "check main.baml", "fmt --check main.baml", "fmt -", "explain syntax", "--version"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.baml").write_text('function main() -> string { "hello" }\n')
    return tmp_path


@pytest.mark.parametrize("redirected", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full"])
def test_a_stream_that_is_closed_or_full_brings_no_traceback(folder: Path, redirected: str) -> None:
    script = "\n".join(
        f"{sys.executable} -m bamlet {command} {redirected}; code=$?; [ $code -le 2 ] || echo {command}: $code >&2"
        for command in COMMANDS
    )
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    for sign in ("Traceback", "Exception ignored", ": 120"):
        assert sign not in done.stderr


def test_a_file_that_is_opened_next_does_not_get_what_is_printed(folder: Path) -> None:
    """A recording would, had it the number of the closed output."""
    command = f"{sys.executable} -m bamlet run main.baml --record tape.jsonl >&- 2>&-"
    subprocess.run(["bash", "-c", command], cwd=folder, check=False)
    assert (folder / "tape.jsonl").read_text() == ""


def test_check_of_a_device_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "/dev/zero"]) == 65
    shown = capsys.readouterr()
    assert "this file has more than 16 MiB" in shown.out + shown.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["fmt", "--check", "/dev/zero"], 65),
        (["run", "FOLDER", "--args", "@/dev/zero"], 2),
        (["run", "FOLDER", "--arg", "x=@/dev/zero"], 2),
        (["run", "FOLDER", "--replay", "/dev/zero"], 2),
        (["test", "FOLDER", "--env-file", "/dev/zero"], 2),
    ],
)
def test_whatever_reads_a_device_ends(
    folder: Path, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([str(folder) if part == "FOLDER" else part for part in arguments]) == code
    shown = capsys.readouterr()
    assert "more than" in shown.out + shown.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["map", "ask.baml", "Ask", "--input", "-", "--output", "out.jsonl"],
            "standard input:1: the row is longer",
        ),
        (
            ["map", "ask.baml", "Ask", "--input", "-", "--format", "csv", "--output", "out.jsonl"],
            "standard input:1: the row is longer",
        ),
        (
            ["map", "ask.baml", "Ask", "--input", "-", "--format", "parquet", "--output", "out.jsonl"],
            "standard input: this is no Parquet file",
        ),
        (["run", "ask.baml", "Line"], "a line of input has more than 16 MiB"),
    ],
    ids=["rows", "CSV", "Parquet", "a line of a program"],
)
def test_a_line_without_an_end_is_read_no_further(folder: Path, arguments: list[str], told: str) -> None:
    """Nor does it fill the disk: rows that come on standard input are kept in a file."""
    (folder / "ask.baml").write_text(
        'client<llm> A {\n  provider ollama\n  options {\n    model "m"\n  }\n}\n'
        'function Ask(x: string) -> string {\n  client A\n  prompt #"{{ x }}"#\n}\n'
        'function Line() -> string { baml.io.input("") }\n'
    )
    with Path("/dev/zero").open("rb") as zeros:
        done = subprocess.run(
            [sys.executable, "-m", "bamlet", *arguments],
            cwd=folder,
            stdin=zeros,
            capture_output=True,
            text=True,
            check=False,
        )
    assert told in done.stderr
    assert done.returncode == (1 if arguments[0] == "run" else 2)
    assert not [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 1 << 20]


def test_a_program_reads_no_device_to_its_end() -> None:
    source = 'function Read() -> string { baml.fs.read("/dev/zero") }'
    program = bamlet.compile_sources({"read.baml": source})
    with bamlet.Runtime(program) as runtime, pytest.raises(bamlet.BamlClientError, match="more than 256 MiB"):
        runtime.call("Read")


def test_a_pipe_below_a_folder_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.baml")
    assert run(["check", str(folder)]) == 0
