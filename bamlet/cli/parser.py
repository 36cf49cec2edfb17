"""A parser of arguments that knows what was meant: it names what is nearest to a misspelt command or option."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

# What argparse says of a word that is none of its choices; the rest of the message lists them.
_INVALID_CHOICE = re.compile(r"argument (?P<name>.+?): invalid choice: '(?P<word>[^']*)'")


class Parser(argparse.ArgumentParser):
    """Also makes the parsers of its commands, which are of this class then."""

    def __init__(self, *, formatter_class: Any = argparse.HelpFormatter, **named: Any) -> None:
        self._shape, self._width = formatter_class, 80
        super().__init__(formatter_class=self._formatter, **named)

    def _formatter(self, prog: str) -> argparse.HelpFormatter:
        """argparse asks for one with each option, to see whether it could be shown. To learn the width of the
        terminal it loads modules for archives, so that waits until something is shown."""
        formatter: argparse.HelpFormatter = self._shape(prog=prog, width=self._width)
        return formatter

    def format_help(self) -> str:
        self._measure()
        return super().format_help()

    def format_usage(self) -> str:
        self._measure()
        return super().format_usage()

    def _measure(self) -> None:
        from shutil import get_terminal_size

        self._width = get_terminal_size().columns - 2

    def parse_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            of = commands(self).get(getattr(found, "command", None) or "", self)
            of.error(f"unrecognized arguments: {' '.join(rest)}{_hint(rest[0].partition('=')[0], _flags(of))}")
        return found

    def error(self, message: str) -> NoReturn:
        wrong = _INVALID_CHOICE.match(message)
        if wrong is not None:
            message += _hint(wrong["word"], _choices(self, wrong["name"]))
        super().error(message)


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands of a parser, each with its own."""
    for action in actions(parser):
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The options and arguments. argparse has no public name for them, and many tools that live on this one."""
    return parser._actions


def _flags(parser: argparse.ArgumentParser) -> list[str]:
    return [flag for action in actions(parser) for flag in action.option_strings]


def _choices(parser: argparse.ArgumentParser, name: str) -> list[str]:
    """Of the option or argument that argparse calls `name`."""
    return [str(choice) for action in actions(parser) if name in _names(action) for choice in action.choices or ()]


def _names(action: argparse.Action) -> Iterator[str]:
    if action.option_strings:
        yield "/".join(action.option_strings)
    if isinstance(action.metavar, str):
        yield action.metavar
    yield action.dest


def _hint(word: str, candidates: Sequence[str]) -> str:
    from ..diagnostics import did_you_mean  # of mistakes alone

    found = did_you_mean(word, candidates)
    return f"; {found}" if found else ""
