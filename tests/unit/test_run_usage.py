"""The closing line of `bamlet run`, and strings as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bamlet.cli.main import run

PROGRAM = """
client<llm> First {
  provider openai
  options { model "m" }
}
client<llm> Second {
  provider anthropic
  options { model "m" }
}
client<llm> Either {
  provider fallback
  options { strategy [First, Second] }
}
function Say(t: string) -> string {
  client Either
  prompt #"{{ t }}"#
}
function Twice(t: string) -> string { Say(t) + Say(t) }
function Plain() -> string { "a\\n\\"b\\"" }
function Number() -> int { 7 }
"""
TOKENS = r"[\d,]+ in / [\d,]+ out tokens\n"  # an invented answer has no time: it is the same each time
RECEIPT = Path(__file__).parents[2] / "examples" / "receipt"


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "say.baml"
    path.write_text(PROGRAM)
    return str(path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    assert run(["run", *arguments]) == 0
    shown = capsys.readouterr()
    return shown.out, shown.err


@pytest.mark.parametrize("how", ["off", "auto", "jsonl"])
def test_all_attempts_are_counted(program: str, capsys: pytest.CaptureFixture[str], how: str) -> None:
    call = ["Twice", "--arg", "t=x", "--offline", "--stream", how, "--usage"]
    assert re.fullmatch(rf"2 attempts · {TOKENS}", told(capsys, program, *call)[1])


def test_an_attempt_whose_answer_is_not_taken(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["Say", "--arg", "t=x", "--offline", "--fault", "503x1", "--usage"]
    assert re.fullmatch(rf"2 attempts \(1 not taken\) · {TOKENS}", told(capsys, program, *call)[1])


def test_no_line_where_nobody_is_asked_or_wants_it(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, program, "Number", "--usage") == ("7\n", "")
    call = ["Say", "--arg", "t=x", "--offline"]
    assert told(capsys, program, *call)[1] == ""  # standard error is no terminal
    assert told(capsys, program, *call, "--no-usage")[1] == ""


def test_a_failure_has_its_line_too(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", program, "Say", "--arg", "t=x", "--offline", "--fault", "503", "--usage"]) == 1
    assert re.search(r"^2 attempts \(2 not taken\)$", capsys.readouterr().err, re.M)


def test_what_is_not_invented_has_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    replay = ["--replay", str(RECEIPT / "receipt.cassette.jsonl"), "--speed", "0"]
    said = told(capsys, str(RECEIPT), *replay, "--usage", "--stream", "auto")[1]
    assert re.fullmatch(r"1 attempt · .*tokens · \d+\.\d\d s\n", said)


def test_a_string_as_it_is(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, program, "Plain", "--raw") == ('a\n"b"\n', "")
    assert json.loads(told(capsys, program, "Plain")[0]) == 'a\n"b"'
    assert told(capsys, program, "Number", "--raw") == ("7\n", "")
