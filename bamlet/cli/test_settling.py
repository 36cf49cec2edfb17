"""What the command line of `bamlet test` leaves open, the project may say: its settings, then a profile."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from ..embed.test_settings import profile_arguments, test_settings
from .test_options import add_options


class Refused(Exception):
    """What was asked for cannot be; the text is for a person."""


def settle(arguments: argparse.Namespace) -> None:
    """Fills the options. Raises `Refused`, `ValueError` and `OSError`."""
    first = Path((arguments.paths or ["."])[0].partition("::")[0])
    _with_settings(arguments, first)
    arguments.within = []
    _with_profile(arguments, first)
    for name, default in (("parallel", 10), ("runs", 1), ("pass_rate", 1.0)):
        if getattr(arguments, name) is None:
            setattr(arguments, name, default)
    _check(arguments)


def _with_settings(arguments: argparse.Namespace, first: Path) -> None:
    for name, value in test_settings(first).items():
        if name == "output-format":
            value = [value] if isinstance(value, str) else value
        option = {"clients": "client", "env-files": "env_file"}.get(name, name.replace("-", "_"))
        if getattr(arguments, option) in (None, [], False):
            setattr(arguments, option, value)


class _Silent(argparse.ArgumentParser):
    """Says what is wrong to whoever asks, and nothing to the terminal."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _with_profile(arguments: argparse.Namespace, first: Path) -> None:
    """A profile is a command line below the one that was typed; of patterns both must hold."""
    name, words = ("", []) if arguments.no_profile else profile_arguments(first, arguments.profile)
    if not words:
        return
    parser = _Silent(add_help=False)
    add_options(parser)
    try:
        given, none = vars(parser.parse_args(words)), vars(parser.parse_args([]))
    except ValueError as failure:
        raise Refused(f"baml.toml: the profile `{name}`: {failure}") from None
    if given["profile"] or given["no_profile"]:
        raise Refused(f"baml.toml: the profile `{name}` names a profile")
    arguments.within = given.pop("include")
    arguments.exclude = [*arguments.exclude, *given.pop("exclude")]
    for option, value in given.items():
        if value != none[option] and getattr(arguments, option) == none[option]:
            setattr(arguments, option, value)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.parallel < 1 or arguments.runs < 1 or not 0 <= arguments.pass_rate <= 1:
        raise Refused("[tool.bamlet.test]: parallel and runs are 1 or more, pass-rate is between 0 and 1")
    if arguments.record and arguments.replay:
        raise Refused("either --record or --replay")
    if arguments.record not in (None, "none", "once", "all"):
        raise Refused(f"[tool.bamlet.test]: `record` is none, once or all, not `{arguments.record}`")
    if arguments.watch and arguments.list:
        raise Refused("--list looks once, --watch goes on: choose one")
