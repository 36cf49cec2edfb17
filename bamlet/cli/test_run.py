"""How the chosen tests are run, and where their results go."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

from .. import embed
from ..embed.abort import tell
from ..embed.test_settings import remember_failures
from ..testing.answers import Answers, Settings
from ..testing.outcome import Ended, Event, Summary
from ..testing.prompts import Prompts
from ..testing.runner import Plan, run
from ..testing.running import Options
from . import exits
from .progress import Progress
from .reports import Report, reports_for
from .terminal import is_terminal
from .test_choice import Chosen
from .test_settling import Refused


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

    try:
        with first_interrupt(stop, interrupted):
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
def first_interrupt(stop: embed.AbortController, told: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C cancels what runs, and what is known is told; a second one leaves at once."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)

    def first(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # By the loop: a handler may come in the middle of a report that waits to be written, and Python lets
        # nobody print into that stream a second time. But the word to stop at once: a test that never waits, and
        # so keeps the loop from its turn, hears it all the same.
        tell(loop, told)
        stop.abort()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
            functions=_functions(chosen, arguments),
            mcp=_mcp(chosen, arguments),
        ),
        progress=is_terminal(sys.stderr),
    )


def _functions(chosen: Chosen, arguments: argparse.Namespace) -> Mapping[str, Callable[..., Any]] | None:
    """What does not fit is told once, before anything runs."""
    from ..embed.declared_functions import declared_functions

    if arguments.functions is not None:
        try:
            declared_functions(chosen.program, arguments.functions)
        except embed.BamlInvalidArgumentError as failure:
            raise Refused(f"--functions: {failure}") from None
    found: Mapping[str, Callable[..., Any]] | None = arguments.functions
    return found


def _mcp(chosen: Chosen, arguments: argparse.Namespace) -> Sequence[str]:
    """The same."""
    from ..embed.mcp_servers import let_in

    try:
        return tuple(let_in(chosen.program, arguments.allow_mcp))
    except embed.BamlInvalidArgumentError as failure:
        raise Refused(f"--allow-mcp: {failure}") from None


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
