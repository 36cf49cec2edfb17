"""`bamlet test`: which tests, how they are run, and where their results go."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .. import embed
from ..diagnostics.render import render_all
from ..embed.abort import tell
from ..embed.cassettes import CassetteError
from ..embed.test_settings import last_failures, remember_failures, test_settings
from ..testing.answers import Answers, Settings
from ..testing.machines import json_text
from ..testing.outcome import Case, Ended, Event, Summary
from ..testing.runner import Plan, run
from ..testing.running import Options
from ..testing.selection import Selection, SelectionError, cases_of
from . import exits
from .options import environment, offline
from .reports import Report, reports_for
from .terminal import palette

PROJECT_FOLDER = "baml_src"


class Refused(Exception):
    """What was asked for cannot be; the text is for a person."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    program: embed.Program
    cases: tuple[Case, ...]
    root: Path


def main(arguments: argparse.Namespace) -> int:
    try:
        _with_settings(arguments)
        _check(arguments)
        environ = environment(arguments)
        arguments.offline = offline(arguments)
        chosen = _choose(arguments)
        if isinstance(chosen, int):
            return chosen
        reports = reports_for(arguments)
        plan = _plan(chosen, arguments)
        answers = Answers(_answers(chosen, arguments, environ))
    except (OSError, ValueError, CassetteError, Refused) as failure:
        print(f"bamlet test: {failure}", file=sys.stderr)
        return exits.USAGE
    summary, interrupted = asyncio.run(_run(chosen.program, plan, answers, reports))
    if summary is None:
        return exits.INTERRUPTED
    remember_failures(
        chosen.root, [test.case.id for test in summary.tests if test.status in ("failed", "errored")]
    )
    if interrupted:
        return exits.INTERRUPTED
    return exits.OK if summary.ok else exits.FAILED


# --- what is asked for


def _with_settings(arguments: argparse.Namespace) -> None:
    """What the command line leaves open, the project may say."""
    first = (arguments.paths or ["."])[0].partition("::")[0]
    for name, value in test_settings(Path(first)).items():
        if name == "output-format":
            value = [value] if isinstance(value, str) else value
        option = {"clients": "client", "env-files": "env_file"}.get(name, name.replace("-", "_"))
        if getattr(arguments, option) in (None, [], False):
            setattr(arguments, option, value)


def _check(arguments: argparse.Namespace) -> None:
    for name, default in (("parallel", 10), ("runs", 1), ("pass_rate", 1.0)):
        if getattr(arguments, name) is None:
            setattr(arguments, name, default)
    if arguments.parallel < 1 or arguments.runs < 1 or not 0 <= arguments.pass_rate <= 1:
        raise Refused("[tool.bamlet.test]: parallel and runs are 1 or more, pass-rate is between 0 and 1")
    if arguments.record and arguments.replay:
        raise Refused("either --record or --replay")
    if arguments.record not in (None, "none", "once", "all"):
        raise Refused(f"[tool.bamlet.test]: there is no mode of recording `{arguments.record}`")


def _choose(arguments: argparse.Namespace) -> _Chosen | int:
    paths = arguments.paths or ["."]
    files = list(dict.fromkeys(path.partition("::")[0] for path in paths))
    program, diagnostics = embed.check_path(*files, edition=arguments.edition)
    if diagnostics:
        print(render_all(diagnostics, palette(sys.stderr)), file=sys.stderr)
    if program is None:
        return exits.BAD_SOURCE
    root = root_of(Path(files[0]))
    whole = [path for path in paths if "::" not in path]
    names = [(str(Path(file)), name) for file, two, name in (path.partition("::") for path in paths) if two]
    selection = Selection(
        arguments.include, arguments.exclude, names if not whole else (), arguments.shard, _last(arguments, root)
    )
    try:
        cases = selection.of(cases_of(program))
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
    return _Chosen(program, cases, root)


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


def _plan(chosen: _Chosen, arguments: argparse.Namespace) -> Plan:
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
        options=Options(timeout=arguments.timeout, stream=not arguments.no_stream, strict=arguments.strict),
        progress=sys.stderr.isatty(),
    )


def _unknown_client(name: str, known: Mapping[str, Any]) -> str:
    from ..diagnostics import did_you_mean

    hint = did_you_mean(name, known) or f"there are {', '.join(known) or 'none'}, and provider/model"
    return f"--client: there is no client `{name}`; {hint}"


def _answers(chosen: _Chosen, arguments: argparse.Namespace, environ: Mapping[str, str] | None) -> Settings:
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


# --- running


async def _run(
    program: embed.Program, plan: Plan, answers: Answers, reports: list[Report]
) -> tuple[Summary | None, bool]:
    """What came of it, and whether somebody interrupted it."""
    stop = embed.AbortController()
    summary: Summary | None = None
    with _interrupts(stop):
        async with aclosing(run(program, plan, answers, stop)) as events:
            async for event in events:
                for report in reports:
                    report.hear(event)
                summary = _summary(event) or summary
    for report in reports:
        report.close()
    return summary, stop.aborted


def _summary(event: Event) -> Summary | None:
    return event.summary if isinstance(event, Ended) else None


@contextmanager
def _interrupts(stop: embed.AbortController) -> Iterator[None]:
    """The first Ctrl-C cancels what runs, and what is known is told; a second one leaves at once."""
    before = signal.getsignal(signal.SIGINT)
    loop = asyncio.get_running_loop()

    def first(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Said by the loop: a handler may come in the middle of a report that waits to be written, and Python lets
        # nobody print into that stream a second time.
        tell(loop, partial(print, "interrupted; once more to leave at once", file=sys.stderr))
        stop.abort()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
