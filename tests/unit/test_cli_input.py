"""What a command line brings to a program: its source on standard input, and arguments from files.

A program of the language sees values only, and nothing of how they were written.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bamlet.cli import exits
from bamlet.cli.main import run

PROGRAM = """
function Text(text: string) -> string { text }
function Number(n: int) -> int { n }
function Free(value: unknown) -> unknown { value }
"""
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.baml"
    path.write_text(PROGRAM, "utf-8")
    return path


def here(capsys: Captured, *arguments: object) -> tuple[int, str, str]:
    code = run(["run", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("source", "code", "out", "err"),
    [
        (b"function main() -> int { 1 + 1 }", exits.OK, "2\n", ""),
        (b"function main() -> int { nobody }", exits.BAD_SOURCE, "", "<stdin>:1:26"),
        (b"function main() -> \xff", exits.BAD_SOURCE, "", "this file is not UTF-8 text"),
    ],
)
def test_a_program_comes_on_standard_input(source: bytes, code: int, out: str, err: str) -> None:
    command = [sys.executable, "-m", "bamlet", "run", "-"]
    done = subprocess.run(command, input=source, capture_output=True, timeout=50, check=False)
    assert (done.returncode, done.stdout.decode()) == (code, out)
    assert err in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_closed_standard_input_holds_no_program(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    code, _, err = here(capsys, "-")
    assert (code, err) == (exits.USAGE, "bamlet run: standard input is closed, and `-` reads it\n")


def test_all_arguments_come_from_a_file(program: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "given.json").write_text('{"n": 3}', "utf-8")
    assert here(capsys, program, "Number", "--args", f"@{tmp_path / 'given.json'}") == (exits.OK, "3\n", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  "n": 3,\n  m: 4\n}', "given.json:3:3: Expecting property name enclosed in double quotes"),
        ("[3]", "--args must be a JSON object of arguments by name"),
        (None, "No such file or directory"),
    ],
)
def test_a_mistake_in_the_file_of_arguments_has_its_place(
    text: str | None, message: str, program: Path, tmp_path: Path, capsys: Captured
) -> None:
    if text is not None:
        (tmp_path / "given.json").write_text(text, "utf-8")
    code, out, err = here(capsys, program, "Number", "--args", f"@{tmp_path / 'given.json'}")
    assert (code, out) == (exits.USAGE, "")
    assert message in err


@pytest.mark.parametrize(
    ("function", "given", "value"),
    [("Text", "text=@@home", "@home"), ("Text", "text=@@@", "@@"), ("Free", "value=@@", "@")],
)
def test_a_literal_at_sign(function: str, given: str, value: str, program: Path, capsys: Captured) -> None:
    code, out, _ = here(capsys, program, function, "--arg", given)
    assert (code, json.loads(out)) == (exits.OK, value)


def test_an_argument_that_is_given_twice_is_refused(program: Path, capsys: Captured) -> None:
    code, _, err = here(capsys, program, "Number", "--arg", "n=1", "--arg", "n=2")
    assert (code, err) == (exits.USAGE, "bamlet run: --arg n: given twice; which one counts?\n")
    code, _, err = here(capsys, program, "Number", "--args", '{"n": 1, "n": 2}')
    assert (code, err) == (exits.USAGE, "bamlet run: --args: `n` is given twice; which one counts?\n")
