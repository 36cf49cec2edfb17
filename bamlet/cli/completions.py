"""`bamlet completions SHELL`: a script for that shell, which completes commands, options, choices and files."""

from __future__ import annotations

import argparse

from . import exits
from .shells import WRITERS, Command, Option


def main(arguments: argparse.Namespace) -> int:
    print(WRITERS[arguments.shell](_table()), end="")
    return exits.OK


def _table() -> list[Command]:
    from .commands import make_parser
    from .parser import commands

    # The help of a command stands with its name, and not with its parser.
    parser = make_parser()
    helps = told(parser)
    return [
        Command(name, helps.get(name, ""), *_options(command))
        for name, command in sorted(commands(parser).items())
    ]


def told(parser: argparse.ArgumentParser) -> dict[str, str]:
    from .parser import actions

    groups = [action for action in actions(parser) if isinstance(action, argparse._SubParsersAction)]
    return {choice.dest: choice.help or "" for group in groups for choice in group._choices_actions}


def _options(command: argparse.ArgumentParser) -> tuple[tuple[Option, ...], tuple[str, ...], bool]:
    """Its options, the choices of its arguments, and whether one of them is a file."""
    from .parser import actions

    options: list[Option] = []
    words: list[str] = []
    files = False
    for action in actions(command):
        if action.option_strings:
            options.append(_option(action))
        else:
            words += map(str, action.choices or ())
            files = files or _is_path(action)
    return tuple(options), tuple(words), files


def _option(action: argparse.Action) -> Option:
    told = (action.help or "").replace("%%", "%")
    choices = tuple(map(str, action.choices or ()))
    # `--offline` has a value that may be left out: what comes behind it is then completed as anything else.
    return Option(tuple(action.option_strings), told, action.nargs in (None, "+"), choices, _is_path(action))


def _is_path(action: argparse.Action) -> bool:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    return bool({"FILE", "DIR", "CASSETTE"} & set(metavar.split("|")))
