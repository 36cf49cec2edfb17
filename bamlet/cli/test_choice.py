"""Which tests `bamlet test` is asked to run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import embed
from ..diagnostics.cells import visible
from ..diagnostics.render import render_all
from ..embed.test_settings import last_failures
from ..records import dataclass
from ..testing.machines import json_text
from ..testing.outcome import Case
from ..testing.selection import Selection, SelectionError, cases_of
from . import exits
from .terminal import palette
from .test_settling import Refused

PROJECT_FOLDER = "baml_src"


@dataclass(frozen=True, slots=True)
class Chosen:
    """`cases` are those that were asked for, `known` all that the program has."""

    program: embed.Program
    cases: tuple[Case, ...]
    known: tuple[Case, ...]
    root: Path


def choose(arguments: argparse.Namespace) -> Chosen | int:
    """Or the exit code, when there is nothing to run. Raises `Refused` and `OSError`."""
    paths = arguments.paths or ["."]
    files = list(dict.fromkeys(map(_program_of, paths)))
    program, diagnostics = embed.check_path(*files, edition=arguments.edition)
    if diagnostics:
        print(render_all(diagnostics, palette(sys.stderr)), file=sys.stderr)
    if program is None:
        return exits.BAD_SOURCE
    root = root_of(Path(files[0]))
    try:
        known = cases_of(program)
        cases = _selection(paths, arguments, _last(arguments, root, known)).of(known)
    except SelectionError as failure:
        raise Refused(str(failure)) from None
    except embed.BamlError as failure:
        print(f"bamlet test: a testset failed while it declared its tests: {failure.message}", file=sys.stderr)
        return exits.FAILED
    if arguments.list:
        _list(cases, arguments)
        return exits.OK
    if not cases:
        print("bamlet test: no test was selected", file=sys.stderr)
        return exits.OK if arguments.pass_if_no_tests else exits.NOTHING
    return Chosen(program, cases, known, root)


def _program_of(path: str) -> str:
    """A file or a folder is the program as it is; one test of a file belongs to the `baml_src` around it."""
    file, named, _ = path.partition("::")
    around = [folder for folder in Path(file).parents if folder.name == PROJECT_FOLDER] if named else []
    return str(around[0]) if around else file


def _selection(paths: list[str], arguments: argparse.Namespace, last: list[str] | None) -> Selection:
    whole = [path for path in paths if "::" not in path]
    named = [path.partition("::") for path in paths if "::" in path]
    return Selection(
        arguments.include,
        arguments.exclude,
        [(str(Path(file)), name) for file, _, name in named] if not whole else (),
        arguments.shard,
        last,
        arguments.within,
    )


def root_of(path: Path) -> Path:
    """The folder of the project: that of a file, a folder itself, and of `baml_src` the one around it."""
    folder = path if path.is_dir() else path.parent
    return folder.resolve().parent if folder.resolve().name == PROJECT_FOLDER else folder


def _last(arguments: argparse.Namespace, root: Path, known: tuple[Case, ...]) -> list[str] | None:
    """What failed last time and is still there; None for all."""
    if not arguments.last_failed:
        return None
    there = {case.id for case in known}
    failed = last_failures(root) or []
    left = [name for name in failed if name in there]
    if not left:
        why = "no test that failed last time is there any more" if failed else "nothing is known to have failed"
        print(f"bamlet test: {why}; running all", file=sys.stderr)
    return left or None


def _list(cases: tuple[Case, ...], arguments: argparse.Namespace) -> None:
    if "json" in arguments.output_format:
        rows = [
            {"file": case.file, "line": case.line, "function": case.function, "test": case.name} for case in cases
        ]
        print(json_text(rows, indent=2))
        return
    for case in cases:
        print(visible(f"{case.file}:{case.line} {case.id}"))
