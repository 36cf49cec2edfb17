"""`bamlet test`: which tests, how they are run, and where their results go."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import embed
from ..diagnostics.render import render_all
from ..embed.abort import tell
from ..embed.cassettes import CassetteError
from ..embed.test_settings import last_failures, remember_failures
from ..testing.answers import Answers, Settings
from ..testing.machines import json_text
from ..testing.outcome import Case, Ended, Event, Summary
from ..testing.prompts import Prompts
from ..testing.runner import Plan, run
from ..testing.running import Options
from ..testing.selection import Selection, SelectionError, cases_of
from . import exits
from .options import environment, offline
from .progress import Progress
from .reports import Report, reports_for
from .terminal import is_terminal, palette
from .test_settling import Refused, settle

PROJECT_FOLDER = "baml_src"


@dataclass(frozen=True, slots=True)
class Chosen:
    """`cases` are those that were asked for, `known` all that the program has."""

    program: embed.Program
    cases: tuple[Case, ...]
    known: tuple[Case, ...]
    root: Path


def main(arguments: argparse.Namespace) -> int:
    try:
        settle(arguments)
        environ = environment(arguments)
        arguments.offline = offline(arguments)
        if arguments.watch:
            from .test_watch import watch

            return watch(arguments, environ)
        chosen = choose(arguments)
        if isinstance(chosen, int):
            return chosen
        return run_chosen(chosen, arguments, environ)
    except (OSError, ValueError, CassetteError, Refused) as failure:
        print(f"bamlet test: {failure}", file=sys.stderr)
        return exits.USAGE


# --- what is asked for


def choose(arguments: argparse.Namespace) -> Chosen | int:
    """Or the exit code, when there is nothing to run. Raises `Refused` and `OSError`."""
    paths = arguments.paths or ["."]
    files = list(dict.fromkeys(path.partition("::")[0] for path in paths))
    program, diagnostics = embed.check_path(*files, edition=arguments.edition)
    if diagnostics:
        print(render_all(diagnostics, palette(sys.stderr)), file=sys.stderr)
    if program is None:
        return exits.BAD_SOURCE
    root = root_of(Path(files[0]))
    try:
        known = cases_of(program)
        cases = _selection(paths, arguments, root).of(known)
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


def _selection(paths: list[str], arguments: argparse.Namespace, root: Path) -> Selection:
    whole = [path for path in paths if "::" not in path]
    named = [path.partition("::") for path in paths if "::" in path]
    return Selection(
        arguments.include,
        arguments.exclude,
        [(str(Path(file)), name) for file, _, name in named] if not whole else (),
        arguments.shard,
        _last(arguments, root),
        arguments.within,
    )


def root_of(path: Path) -> Path:
    """The folder of the project: that of a file, a folder itself, and of `baml_src` the one around it."""
    folder = path if path.is_dir() else path.parent
    return folder.resolve().parent if folder.resolve().name == PROJECT_FOLDER else folder


def _last(arguments: argparse.Namespace, root: Path) -> list[str] | None:
    if not arguments.last_failed:
        return None
    known = last_failures(root)
    if not known:
        print("bamlet test: nothing is known to have failed; running all", file=sys.stderr)
    return known or None


def _list(cases: tuple[Case, ...], arguments: argparse.Namespace) -> None:
    if "json" in arguments.output_format:
        rows = [
            {"file": case.file, "line": case.line, "function": case.function, "test": case.name} for case in cases
        ]
        print(json_text(rows, indent=2))
        return
    for case in cases:
        print(f"{case.file}:{case.line} {case.id}")


def _plan(chosen: Chosen, arguments: argparse.Namespace) -> Plan:
    clients = [name for given in arguments.client for name in given.split(",") if name]
    known = chosen.program.interface.clients
    for name in clients:
        if name not in known and "/" not in name:
            raise Refused(_unknown_client(name, known))
    return Plan(
        cases=chosen.cases,
        clients=tuple(dict.fromkeys(clients)) or (None,),
        runs=arguments.runs,
        pass_rate=arguments.pass_rate,
        parallel=arguments.parallel,
        max_failures=1 if arguments.fail_fast else arguments.max_failures,
        options=Options(
            timeout=arguments.timeout,
            stream=not arguments.no_stream,
            strict=arguments.strict,
            seed=arguments.seed,
        ),
        progress=is_terminal(sys.stderr),
    )


def _unknown_client(name: str, known: Mapping[str, Any]) -> str:
    from ..diagnostics import did_you_mean

    hint = did_you_mean(name, known) or f"there are {', '.join(known) or 'none'}, and provider/model"
    return f"--client: there is no client `{name}`; {hint}"


def _answers(chosen: Chosen, arguments: argparse.Namespace, environ: Mapping[str, str] | None) -> Settings:
    return Settings(
        chosen.root,
        Path(arguments.cassettes) if arguments.cassettes else None,
        arguments.record,
        Path(arguments.replay) if arguments.replay else None,
        arguments.speed,
        environ,
        arguments.offline,
        tuple(arguments.fault),
    )


def _prompts(chosen: Chosen, arguments: argparse.Namespace, environ: Mapping[str, str] | None) -> Prompts:
    """Of a single file nobody knows whether the pages beside it are those of its neighbours."""
    paths = [path.partition("::")[0] for path in arguments.paths or ["."]]
    known = chosen.known if all(Path(path).is_dir() for path in paths) else ()
    return Prompts(chosen.program, chosen.root, arguments.prompts, environ, known)


# --- running


def run_chosen(chosen: Chosen, arguments: argparse.Namespace, environ: Mapping[str, str] | None) -> int:
    """Raises `Refused`, `OSError`, `ValueError` and `CassetteError` for what cannot be begun."""
    live = Progress(sys.stderr) if is_terminal(sys.stderr) else None
    reports = reports_for(arguments, live)
    plan = _plan(chosen, arguments)
    answers = Answers(_answers(chosen, arguments, environ))
    prompts = _prompts(chosen, arguments, environ)
    stop = embed.AbortController()
    events = run(chosen.program, plan, answers, stop, prompts)
    summary, interrupted = asyncio.run(_heard(events, stop, reports, live))
    if summary is None:
        return exits.INTERRUPTED
    remember_failures(
        chosen.root, [test.case.id for test in summary.tests if test.status in ("failed", "errored")]
    )
    if interrupted:
        return exits.INTERRUPTED
    return exits.OK if summary.ok else exits.FAILED


async def _heard(
    events: AsyncGenerator[Event, None], stop: embed.AbortController, reports: list[Report], live: Progress | None
) -> tuple[Summary | None, bool]:
    """What came of it, and whether somebody interrupted it."""
    summary: Summary | None = None
    ticking = asyncio.create_task(live.tick()) if live is not None else None

    def interrupted() -> None:
        if live is not None:
            live.clear()
        print("interrupted; once more to leave at once", file=sys.stderr)
        stop.abort()

    try:
        with _first_interrupt(interrupted):
            async with aclosing(events):
                async for event in events:
                    for report in reports:
                        report.hear(event)
                    summary = event.summary if isinstance(event, Ended) else summary
    finally:
        if ticking is not None:
            ticking.cancel()
    for report in reports:
        report.close()
    return summary, stop.aborted


@contextmanager
def _first_interrupt(told: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C cancels what runs, and what is known is told; a second one leaves at once.

    It is told by the event loop, between two writes: a signal may come in the middle of one.
    """
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)

    def first(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        tell(loop, told)

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
