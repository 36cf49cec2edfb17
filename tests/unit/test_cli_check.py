"""`bamlet check` and `bamlet explain`: what goes to which stream, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bamlet.cli.commands import make_parser
from bamlet.cli.main import plain, run
from bamlet.diagnostics.catalogue import CODES
from bamlet.diagnostics.formats import FORMATS

ROOT = Path(__file__).parents[2]
RIGHT = "function F(total: int) -> int { total }\n"
WRONG = "function F(total: int) -> int { totl }\n"
DOUBTFUL = "function F(total: int) -> int { reveal(total) }\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def _give(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


# --- check


def test_a_clean_program_is_silent_on_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.baml").write_text(RIGHT)
    assert run(["check"]) == 0
    assert capsys.readouterr() == ("", "checked 1 file, nothing wrong\n")


@pytest.mark.parametrize("words", [(), ("a",), ("a b", "", "../c"), ("check", "@d")], ids=" ".join)
def test_a_check_without_options_is_read_as_the_parser_reads_it(words: tuple[str, ...]) -> None:
    command = ["check", *words]
    assert vars(plain(command)) == vars(make_parser("check").parse_args(command))


@pytest.mark.parametrize(
    "words", [[], ["run", "a"], ["check", "-"], ["check", "a", "--strict"], ["check", "--", "-a"]]
)
def test_every_other_command_line_takes_the_parser(words: list[str]) -> None:
    assert plain(words) is None


def test_what_is_wrong_goes_to_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.baml").write_text(WRONG)
    assert run(["check"]) == 65
    out, err = capsys.readouterr()
    assert out.startswith("error[unknown-name]: nothing here is called `totl`\n --> a.baml:1:33\n")
    assert out.endswith("\n\nfound 1 error\n")
    assert err == ""


def test_warnings_fail_under_strict_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.baml").write_text(DOUBTFUL)
    assert run(["check", "a.baml"]) == 0
    assert run(["check", "a.baml", "--strict"]) == 65
    assert "found 1 warning\n" in capsys.readouterr().out


def test_several_paths_are_one_program(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "one").mkdir()
    (folder / "one" / "a.baml").write_text("class A { b B }\n")
    (folder / "b.baml").write_text("class B {}\n")
    assert run(["check", "one"]) == 65
    assert run(["check", "one", "b.baml"]) == 0
    assert capsys.readouterr().err == "checked 2 files, nothing wrong\n"


def test_a_dash_reads_standard_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _give(monkeypatch, WRONG.encode())
    assert run(["check", "-", "--output-format", "concise"]) == 65
    assert capsys.readouterr().out.startswith("<stdin>:1:33: error[unknown-name] ")


def test_standard_input_that_is_not_text_is_a_diagnostic(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _give(monkeypatch, b"// caf\xe9")
    assert run(["check", "-", "--output-format", "concise"]) == 65
    assert capsys.readouterr().out.startswith("<stdin>:1:7: error[unread-file] ")


@pytest.mark.parametrize(
    "arguments", [["nowhere"], ["."], ["--output-format", "xml"], ["-", "--watch"], ["nowhere", "--watch"]]
)
def test_what_cannot_be_checked_is_a_usage_error(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "bamlet check: " in err


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (folder / "a.baml").write_text(WRONG)
    assert run(["check", "--output-format", name]) == 65
    out = capsys.readouterr().out
    assert "unknown-name" in out
    assert ("found 1 error" in out) == (name in ("full", "concise"))


def test_machines_read_an_empty_answer_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.baml").write_text(RIGHT)
    answers = {}
    for name in ("json", "sarif", "github"):
        assert run(["check", "--output-format", name]) == 0
        answers[name], err = capsys.readouterr()
        assert err == ""
    assert json.loads(answers["json"]) == []
    assert json.loads(answers["sarif"])["runs"][0]["results"] == []
    assert answers["github"] == ""


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_a_pipe_has_colours_only_when_told(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    coloured: bool,
) -> None:
    (folder / "a.baml").write_text(WRONG)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run(["check"])
    assert ("\x1b[" in capsys.readouterr().out) == coloured


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"TERM": "xterm", "NO_COLOR": "1"}, False)],
)
def test_a_terminal_has_colours_unless_told(folder: Path, variables: dict[str, str], coloured: bool) -> None:
    (folder / "a.baml").write_text(WRONG)
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(_command("check"), cwd=folder, env=_environment(variables), stdout=theirs) as check:
            code = check.wait(timeout=30)
        os.close(theirs)
        drawn = os.read(ours, 100_000)
    finally:
        os.close(ours)
    assert code == 65
    assert (b"\x1b[1;31merror[unknown-name]" in drawn) == coloured


def test_a_watch_shows_what_changes_and_ends_well(folder: Path) -> None:
    file = folder / "a.baml"
    file.write_text(WRONG)
    command = _command("check", "--watch", "--output-format", "concise")
    with subprocess.Popen(
        command, cwd=folder, env=_environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watch:
        assert watch.stdout
        assert watch.stderr
        try:
            assert "[unknown-name]" in watch.stdout.readline()
            assert watch.stdout.readline() == "found 1 error\n"
            file.write_text(RIGHT)
            assert watch.stderr.readline() == "checked 1 file, nothing wrong\n"
            file.unlink()
            assert "no .baml file" in watch.stderr.readline()
            file.write_text("class A { x strng }\n")
            assert "[unknown-type]" in watch.stdout.readline()
            assert watch.stdout.readline() == "found 1 error\n"
            (folder / "baml.toml").write_text("[bamlet]\nedition = 7\n")
            file.write_text(RIGHT)
            assert "there is no edition 7" in watch.stderr.readline()
            (folder / "baml.toml").unlink()
            assert watch.stderr.readline() == "checked 1 file, nothing wrong\n"
            watch.send_signal(signal.SIGINT)
            assert watch.wait(timeout=30) == 0
            assert watch.stderr.read() == ""
        finally:
            watch.kill()


# --- explain


def test_explain_takes_a_slug_or_a_number_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "errors" / "unknown-name.md").read_text("utf-8")
    for code in ("unknown-name", "E0003", "e0003", "Unknown-Name"):
        assert run(["explain", code]) == 0
        assert capsys.readouterr() == (page, "")


def test_explain_suggests_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "unknown-nam"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("bamlet explain: no diagnostic is called `unknown-nam`; did you mean `unknown-name`")
    assert run(["explain", "E9999"]) == 2
    assert "lists all" in capsys.readouterr().err


def test_explain_lists_every_code_by_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(code.number for code in CODES.values())
    assert {line.split()[2] for line in lines} == set(CODES)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bamlet", *arguments]


def _environment(variables: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | variables
