"""`bamlet check`: what is wrong with a program, once or whenever that changes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic
from ..diagnostics.formats import FOR_PEOPLE, FORMATS
from ..embed.project import Edition, Project
from ..embed.settings import SettingsError
from . import exits
from .stdin import STDIN, read_stdin
from .terminal import CLEAR, is_terminal, palette

if TYPE_CHECKING:
    import argparse  # a plain check is read without it

_SECONDS_BETWEEN_LOOKS = 0.3

_Outcome = tuple[Diagnostic, ...] | str  # a text says why there is nothing to check


def main(arguments: argparse.Namespace) -> int:
    paths = arguments.paths or ["."]
    if arguments.watch and STDIN in paths:
        print("bamlet check: standard input cannot be watched", file=sys.stderr)
        return exits.USAGE
    try:
        project = _project(paths, arguments.edition)
        found = project.check()
    except (OSError, SettingsError) as failure:
        print(f"bamlet check: {failure}", file=sys.stderr)
        return exits.USAGE
    if arguments.watch:
        return _watch(project, found, arguments.output_format)
    if arguments.verbose:
        chosen = project.edition()
        print(f"edition {chosen.edition}: {chosen.why}", file=sys.stderr)
    _show(project, found, arguments.output_format)
    wrong = any(arguments.strict or diagnostic.severity == "error" for diagnostic in found)
    return exits.BAD_SOURCE if wrong else exits.OK


def _project(paths: list[str], edition: Edition | None) -> Project:
    stdin = [read_stdin()] if STDIN in paths else []
    return Project(*(path for path in paths if path != STDIN), beside=stdin, edition=edition)


def _show(project: Project, found: tuple[Diagnostic, ...], output_format: str) -> None:
    if not found and output_format in FOR_PEOPLE:
        files = f"{project.file_count} file{'s' if project.file_count != 1 else ''}"
        print(f"checked {files}, nothing wrong", file=sys.stderr)
    elif text := FORMATS[output_format](found, palette(sys.stdout)):
        print(text, flush=True)


def _watch(project: Project, found: tuple[Diagnostic, ...], output_format: str) -> int:
    """Ctrl-C is how every watch ends, so it is no failure."""
    import asyncio

    async def watch() -> None:
        before: _Outcome | None = None
        now: _Outcome = found
        while True:
            if now != before:
                _show_anew(project, now, output_format)
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            before, now = now, _look(project)

    try:
        asyncio.run(watch())
    except KeyboardInterrupt:
        return exits.OK
    raise AssertionError("a watch ends by an exception only")


def _look(project: Project) -> _Outcome:
    """Files come and go while an editor or git writes them, and settings are half written: what cannot be read now
    is looked at again."""
    try:
        return project.check()
    except (OSError, SettingsError) as failure:
        return str(failure)


def _show_anew(project: Project, outcome: _Outcome, output_format: str) -> None:
    if is_terminal(sys.stdout):
        print(CLEAR, end="", flush=True)
    if isinstance(outcome, str):
        print(f"bamlet check: {outcome}", file=sys.stderr)
    else:
        _show(project, outcome, output_format)
