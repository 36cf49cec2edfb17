"""`bamlet test --watch`: the tests once, and then, whenever a file changes, those that it may have changed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from ..embed.files import find
from ..records import replace
from ..testing.outcome import Case
from . import exits
from .terminal import CLEAR, is_terminal
from .test_choice import Chosen, choose
from .test_run import run_chosen
from .test_settling import Refused

_SECONDS_BETWEEN_LOOKS = 0.1

_Stamps: TypeAlias = Mapping[str, tuple[int, int]]


def watch(arguments: argparse.Namespace, environ: Mapping[str, str] | None) -> int:
    """Ctrl-C is how every watch ends, so it is no failure. Raises `OSError` if there is nothing to watch."""
    watched = _Watched([path.partition("::")[0] for path in arguments.paths or ["."]])
    changed: set[str] | None = None
    before: Chosen | None = None
    try:
        while True:
            before, changed, code = _round(arguments, environ, before, changed)
            if code == exits.INTERRUPTED:
                return exits.OK
            changed = asyncio.run(watched.change()) | (changed or set())
            if is_terminal(sys.stdout):
                print(CLEAR, end="", flush=True)
    except KeyboardInterrupt:
        return exits.OK


def _round(
    arguments: argparse.Namespace,
    environ: Mapping[str, str] | None,
    before: Chosen | None,
    changed: set[str] | None,
) -> tuple[Chosen | None, set[str] | None, int]:
    """The program as it was when it last compiled, the changes that nothing was run for yet, and the exit code."""
    try:
        now = choose(arguments)
        if isinstance(now, int):
            return before, changed, now
        cases = _affected(before, now, changed)
        if not cases:
            print("no test depends on what has changed", file=sys.stderr)
            return now, set(), exits.OK
        return now, set(), run_chosen(replace(now, cases=cases), arguments, environ)
    except BrokenPipeError:
        raise  # whoever read the results has left
    except (OSError, ValueError, Refused) as failure:
        # Files come and go while an editor or git writes them: what cannot be read now is looked at again.
        print(f"bamlet test: {failure}", file=sys.stderr)
        return before, changed, exits.USAGE


def _affected(before: Chosen | None, now: Chosen, changed: set[str] | None) -> tuple[Case, ...]:
    """All the first time; then those that reach, or have reached, something in a file that is another one now."""
    if before is None or changed is None:
        return now.cases
    reached = [chosen.program.files_reached() for chosen in (before, now)]
    return tuple(
        case for case in now.cases if any(files.of(case.function, case.file) & changed for files in reached)
    )


class _Watched:
    """The files of a program, as they look from outside."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = paths
        self._stamps = self._look()

    async def change(self) -> set[str]:
        """The names of the files that are new, gone or other ones, as soon as there are any."""
        while True:
            try:
                now = self._look()
            except OSError:
                now = {}  # all of them are gone, or one went away between two looks
            changed = {name for name, _ in self._stamps.items() ^ now.items()}
            if changed:
                self._stamps = now
                return changed
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    def _look(self) -> _Stamps:
        found = {}
        for path in (file for root in self._paths for file in find(root)):
            status = Path(path).stat()
            found[str(path)] = status.st_mtime_ns, status.st_size
        return found
