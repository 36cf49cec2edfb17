"""`bamlet map`: one function over the rows of a file, resumable, each row in the output or the errors once."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import embed
from ..batch.engines import Refused
from ..batch.options import MapOptions, MaxErrors
from ..batch.report import MapReport
from ..batch.run import run_map
from ..batch.session import Hooks
from ..batch.setting import Setting
from ..diagnostics.render import render_all
from ..sync.background import new_event_loop
from . import exits
from .map_progress import progress_for, tell
from .options import environment, offline, reach
from .terminal import palette

_LIMITS = frozenset(
    {"max-cost", "max-errors", "deadline", "canary", "disk", "provider", "detached", "cancelled", "output"}
)
_WORDS = {
    "max-cost": "stopped by --max-cost",
    "max-errors": "stopped by --max-errors",
    "deadline": "stopped by --deadline",
    "canary": "stopped by the first rows",
    "disk": "stopped, the state cannot be written",
    "provider": "stopped by the provider",
    "detached": "jobs were sent",
    "cancelled": "jobs were cancelled",
    "output": "stopped, the rows cannot be written",
    "interrupted": "interrupted",
}


def main(arguments: argparse.Namespace) -> int:
    try:
        program, diagnostics = embed.check_path(arguments.path)
        if diagnostics:
            print(render_all(diagnostics, palette(sys.stderr)), file=sys.stderr)
        if program is None:
            return exits.BAD_SOURCE
        environ = environment(arguments)
        arguments.offline = offline(arguments)
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            report = runner.run(_run(program, arguments, _options(arguments), environ))
    except (Refused, OSError, ValueError) as failure:
        print(f"bamlet map: {failure}", file=sys.stderr)
        return exits.USAGE
    return _told(report)


def _told(report: MapReport) -> int:
    if report.reason == "looked":
        return exits.OK
    if report.reason in _WORDS:
        message = f": {report.message}" if report.message else ""
        tell(f"bamlet map: {_WORDS[report.reason]}{message}; the same command goes on", sys.stderr)
    if report.over > 0:
        tell(f"bamlet map: rows in flight cost ${report.over:.4f} more than was reserved for them", sys.stderr)
    tell(report.line, sys.stderr)
    if report.reason == "interrupted":
        return exits.INTERRUPTED
    if report.reason in _LIMITS:
        return exits.LIMIT
    return exits.SOME_FAILED if report.failed else exits.OK


async def _run(
    program: embed.Program,
    arguments: argparse.Namespace,
    options: MapOptions,
    given: Mapping[str, str] | None,
) -> MapReport:
    setting = _setting(program, arguments, given)
    if (setting.functions is not None or setting.mcp) and (options.procs > 1 or options.engine == "ray"):
        raise Refused("--functions and --allow-mcp are of this process: leave out --procs and --engine")
    progress = progress_for(arguments.progress, sys.stderr)

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    out = sys.stdout

    def write(data: bytes) -> None:
        try:
            out.buffer.write(data)
            out.buffer.flush()
        except OSError:
            sys.stdout = None  # Python would complain once more when it flushes at exit
            raise

    async with setting.runtime() as runtime:
        with progress, _interrupts() as on_start:
            hooks = Hooks(
                on_progress=progress.show, say=say, write=write, stdin=sys.stdin.buffer, on_start=on_start
            )
            return await run_map(runtime, arguments.function, options, hooks, setting.environ, setting)


def _setting(program: embed.Program, arguments: argparse.Namespace, environ: Mapping[str, str] | None) -> Setting:
    return Setting(
        program=program,
        environ=environ,
        **reach(arguments),
        lend_to=arguments.lend_to,
        private_media=arguments.allow_private_media,
        replay=arguments.replay,
        speed=arguments.speed,
        offline=arguments.offline,
        faults=arguments.fault,
        looks=arguments.estimate and not arguments.yes,  # whoever only looks needs no key
    )


@contextmanager
def _interrupts() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Ctrl-C and SIGTERM go to the run once it has begun; before that they end the process as ever."""
    loop = asyncio.get_running_loop()
    taken: list[int] = []

    def on_start(interrupt: Callable[[], None]) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, interrupt)
            except NotImplementedError:  # Windows
                return
            taken.append(number)

    try:
        yield on_start
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


def _options(arguments: argparse.Namespace) -> MapOptions:
    """Raises `Refused`."""
    flat = True if arguments.flat else False if arguments.nested else None
    return MapOptions(
        input=arguments.input,
        output=arguments.output,
        format=arguments.format,
        bind=tuple(arguments.bind),
        constants=dict(map(_constant, arguments.set)),
        keep=arguments.keep,
        flat=flat,
        keep_failed=arguments.keep_failed,
        id_column=arguments.id,
        part_rows=arguments.part_rows,
        state=arguments.state,
        fresh=arguments.fresh,
        retry_errors=_classes(arguments.retry_errors),
        dup=arguments.dup,
        concurrency=None if arguments.concurrency == "auto" else arguments.concurrency,
        rpm=arguments.rpm,
        tpm=arguments.tpm,
        max_cost=arguments.max_cost,
        max_errors=MaxErrors.read(arguments.max_errors),
        deadline=arguments.deadline,
        rows=arguments.rows,
        sample=arguments.sample,
        seed=arguments.seed,
        errors=arguments.errors,
        canary=not arguments.no_canary,
        dry_run=arguments.dry_run,
        estimate=arguments.estimate,
        yes=arguments.yes,
        invented=arguments.offline,
        engine=arguments.engine,
        procs=arguments.procs,
        ray_address=arguments.ray_address,
        workers=arguments.workers,
        leftovers=arguments.leftovers,
        detach=arguments.detach,
        cancel=arguments.cancel,
        export=arguments.export,
    )


def _constant(text: str) -> tuple[str, Any]:
    """JSON, or plain text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Refused(f"--set {text}: write PARAM=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _classes(given: str | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(filter(None, given.split(",")))
