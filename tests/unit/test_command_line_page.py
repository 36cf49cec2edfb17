"""`docs/command-line.md` says what the parsers say: with --update-snapshots its last section is written anew."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from bamlet.cli import exits
from bamlet.cli.commands import make_parser
from bamlet.cli.completions import told
from bamlet.cli.parser import actions, commands

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
MARK = "<!-- From here on the page is written by its test. -->\n"


def reference() -> str:
    parser = make_parser()
    said = told(parser)
    return "".join(_section(name, said[name], command) for name, command in commands(parser).items())


def _section(name: str, said: str, command: argparse.ArgumentParser) -> str:
    rows = "".join(f"| {' | '.join(row)} |\n" for row in map(_row, actions(command)) if row[0] != "`--help`, `-h`")
    return f"\n### `bamlet {name}`\n\n{_sentence(said)}\n\n| | |\n|---|---|\n{rows}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _row(action: argparse.Action) -> tuple[str, str]:
    value = _value(action)
    if action.option_strings:
        flags = sorted(action.option_strings, key=len, reverse=True)
        shown = ", ".join(f"`{flag}{value and f' {value}'}`" for flag in flags)
    else:
        shown = f"`{value}`"
    return shown.replace("|", "\\|"), " ".join((action.help or "").replace("%%", "%").split()).replace("|", "\\|")


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    name = action.metavar if isinstance(action.metavar, str) else None
    shown = name or "|".join(map(str, action.choices or ())) or action.dest.upper()
    return f"[{shown}]" if action.nargs == "?" and action.option_strings else shown


def test_the_page_has_every_command_and_option(request: pytest.FixtureRequest) -> None:
    head, mark, rest = PAGE.read_text("utf-8").partition(MARK)
    assert mark
    if request.config.getoption("--update-snapshots"):
        PAGE.write_text(head + mark + reference(), "utf-8")
    else:
        assert rest == reference()


def test_every_option_is_told() -> None:
    lacking = [
        (name, action.option_strings or action.dest)
        for name, command in commands(make_parser()).items()
        for action in actions(command)
        if not action.help
    ]
    assert lacking == []


def _codes() -> Iterator[int]:
    return (value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int))


def test_the_page_has_every_exit_code() -> None:
    head = PAGE.read_text("utf-8").partition(MARK)[0]
    assert [code for code in _codes() if f"\n| {code} | " not in head] == []
