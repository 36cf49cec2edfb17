"""Completions as the shells take them: each script is read by its shell, where that is installed, and asked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bamlet.cli.commands import make_parser
from bamlet.cli.main import run
from bamlet.cli.parser import actions, commands

SHELLS = ("bash", "zsh", "fish")
INSTALLED = [shell for shell in SHELLS if shutil.which(shell)]


@pytest.fixture
def scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Path]:
    found = {}
    for shell in SHELLS:
        assert run(["completions", shell]) == 0
        found[shell] = tmp_path / f"bamlet.{shell}"
        found[shell].write_text(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_is_there(scripts: dict[str, Path], shell: str) -> None:
    text = scripts[shell].read_text()
    for name, command in commands(make_parser()).items():
        assert name in text
        for action in actions(command):
            for flag in action.option_strings:
                shown = f"-l {flag[2:]} " if shell == "fish" and flag.startswith("--") else flag.lstrip("-")
                assert shown in text, (name, flag)


@pytest.mark.parametrize("shell", INSTALLED)
def test_the_shell_reads_it(scripts: dict[str, Path], shell: str) -> None:
    check = "--no-execute" if shell == "fish" else "-n"
    command = [shell, check, str(scripts[shell])]
    read = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (read.returncode, read.stderr) == (0, "")


ASKED = [
    ("bamlet chec", {"check"}),
    ("bamlet run --strea", {"--stream"}),
    ("bamlet run --stream js", {"jsonl"}),
    ("bamlet run --stream ", {"auto", "jsonl", "events", "off"}),
    ("bamlet completions z", {"zsh"}),
    ("bamlet run --record not", {"notes.txt"}),
    ("bamlet check not", {"notes.txt"}),
    ("bamlet frobnicate --st", set()),
]


def _asked(shell: str, script: Path, line: str, folder: Path) -> set[str]:
    if shell == "fish":
        program = 'source $argv[1]; complete -C "$argv[2]"'
        command = ["fish", "--no-config", "-c", program, str(script), line]
    else:
        program = (
            'source "$0"; IFS=" "; words=$1; COMP_WORDS=($words); [[ $words == *" " ]] && COMP_WORDS+=("");'
            ' COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _bamlet; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        command = ["bash", "--norc", "-c", program, str(script), line]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=folder, check=True)
    return {one.partition("\t")[0] for one in answer.stdout.splitlines() if one}


@pytest.mark.parametrize(
    "shell", [shell for shell in INSTALLED if shell != "zsh"]
)  # which completes on a terminal
@pytest.mark.parametrize(("line", "offered"), ASKED)
def test_the_shell_offers(
    scripts: dict[str, Path], tmp_path: Path, shell: str, line: str, offered: set[str]
) -> None:
    (tmp_path / "notes.txt").touch()
    assert _asked(shell, scripts[shell], line, tmp_path) == offered
