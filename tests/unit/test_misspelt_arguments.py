"""What is misspelt on a command line is told what was meant; the message stays argparse's on every Python."""

from __future__ import annotations

import pytest

from bamlet.cli.main import run


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["chek"], "check"),
        (["rnu"], "run"),
        (["tets", "."], "test"),
        (["check", "--strikt"], "--strict"),
        (["run", "x.baml", "--strem=jsonl"], "--stream"),
        (["run", "x.baml", "--stream", "jsnol"], "jsonl"),
        (["completions", "zssh"], "zsh"),
        (["test", "--shrad", "1/2"], "--shard"),
    ],
)
def test_the_nearest_is_named(capsys: pytest.CaptureFixture[str], arguments: list[str], meant: str) -> None:
    assert run(arguments) == 2
    assert f"did you mean `{meant}`" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["frobnicate"], ["check", "--quux"], ["run", "--stream", "quux", "x"]])
def test_nothing_is_near(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(arguments) == 2
    told = capsys.readouterr().err
    assert "did you mean" not in told
    assert "error: " in told


def test_the_usage_is_that_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fmt", "--chekc"]) == 2
    assert capsys.readouterr().err.startswith("usage: bamlet fmt ")
