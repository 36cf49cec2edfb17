"""A program that is served until a signal, by this process or by several that it forks, and what is told of it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .. import embed
from ..diagnostics.render import PLAIN, render_all
from ..embed.opening import load_for_calls
from ..embed.settings import SettingsError
from ..records import dataclass, replace
from . import exits
from .serve_clients import Clients
from .serve_runtimes import MakeRuntime, Refused
from .terminal import palette

if TYPE_CHECKING:
    from ..server.parent import Place
    from ..server.peers import Peers
    from ..server.process import Listening
    from ..server.service import Service, Settings

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Serving:
    """`program` is None while it does not compile and is waited for."""

    arguments: argparse.Namespace
    path: str
    settings: Settings
    program: embed.Program | None
    make_runtime: MakeRuntime
    listening: Listening


def run(serving: Serving) -> int:
    """Raises `Refused`."""
    from ..server import process
    from ..server.full_collections import unseen

    if serving.arguments.procs > 1:
        load_for_calls()
    with unseen():
        if serving.arguments.procs > 1:
            return _run_many(serving)
        asyncio.run(_serve(serving, process.serve))
    return exits.OK


def _run_many(serving: Serving) -> int:
    """The program is compiled before the processes are forked. One that comes later reads what it is by then."""
    from ..server import parent

    try:
        ends_well = parent.run(serving.arguments.procs, partial(_run_child, serving), _say)
    except OSError as failure:
        raise Refused(f"--procs: {failure.strerror or failure}") from None
    return exits.OK if ends_well else exits.FAILED


def _run_child(serving: Serving, place: Place) -> None:
    from ..server import process
    from ..server.parent import ENDING
    from ..server.peers import Peers

    if place.is_again and serving.arguments.reload:
        serving = replace(serving, program=program_at(serving.path, may_be_broken=True))
    peers = Peers(place.folder, place.number, place.count)
    # Before anything is answered: later it would free the keys of runs that have begun here, to be begun again.
    peers.forget()
    serve = partial(process.serve, signals=(ENDING,), orphaned=place.orphaned, share=place.share)
    serving.listening.share = place.share
    asyncio.run(_serve(serving, serve, peers, place))


Serve = Callable[["Service", "Sequence[Listening]", Callable[[], None], str], Coroutine[object, object, None]]


async def _serve(serving: Serving, serve: Serve, peers: Peers | None = None, place: Place | None = None) -> None:
    """Of several processes the first says what is served, and how they fare their parent."""
    from ..server.full_collections import collect_seldom
    from ..server.service import Service

    service = Service(serving.settings, serving.program, make_runtime=serving.make_runtime, peers=peers)
    if serving.program is None:
        service.broken = _diagnosed(serving.path)
    speaks = place is None or place.number == 1
    begins = speaks and not (place is not None and place.is_again)
    watching = None
    if serving.arguments.reload:
        watching = asyncio.create_task(_watch(service, serving, speaks=speaks))
        watching.add_done_callback(_tell_end)
    collecting = asyncio.create_task(collect_seldom())
    sockets = [serving.listening] if place is None else [serving.listening, place.listening]

    def ready() -> None:
        if begins:
            _ready(service, serving)
        if place is None:
            # It takes a tenth of a second, which the first call would wait for.
            asyncio.get_running_loop().call_soon(load_for_calls)

    try:
        await serve(service, sockets, ready, serving.arguments.root_path)
    finally:
        collecting.cancel()
        # After the server, which reads of it what is served until its last run has ended; and waited for, since it
        # may be in the middle of an exchange that the end of the loop would tell of as a task that was lost.
        if watching is not None:
            watching.cancel()
            await asyncio.wait({watching})


def program_at(path: str, *, may_be_broken: bool) -> embed.Program | None:
    """Raises `Refused`. What is wrong with it is shown."""
    try:
        program, diagnostics = embed.check_path(path)
    except (OSError, SettingsError) as failure:
        raise Refused(str(failure)) from None
    if diagnostics:
        print(render_all(diagnostics, palette(sys.stderr)), file=sys.stderr)
    if program is None and not may_be_broken:
        raise Refused("the program does not compile", exits.BAD_SOURCE)
    return program


def _ready(service: Service, serving: Serving) -> None:
    """One line a fact."""
    arguments = serving.arguments
    if arguments.uds is not None:
        where = f"unix:{arguments.uds}"
    else:
        host, port = serving.listening.getsockname()[:2]
        where = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        if arguments.port_file is not None:
            Path(arguments.port_file).write_text(f"{port}\n", "utf-8")
    if service.broken is None:
        count = len(service.functions)
        functions = f"{count} function{'s' if count != 1 else ''} of {serving.path}"
    else:
        functions = f"{serving.path}, which does not compile yet,"
    lines = [f"serving {functions} on {where}", _openness(service, arguments)]
    if arguments.procs > 1:
        lines.append(f"{arguments.procs} processes")
    print("\n".join(lines), file=sys.stderr, flush=True)


def _openness(service: Service, arguments: argparse.Namespace) -> str:
    if service.settings.guard.tokens:
        return "a token is asked for"
    if arguments.uds is not None or arguments.host in LOOPBACK:
        return "no token: only this machine can call"
    return "warning: no token, and other machines can call"


async def _watch(service: Service, serving: Serving, *, speaks: bool) -> None:
    """New runs are of the program as it is now; while it does not compile there are none."""
    from ..server.reload import changes

    path = serving.path
    clients = Clients(path) if speaks and serving.arguments.generates else None
    if clients is not None:
        await asyncio.to_thread(clients.update, serving.program)
    async for program, problem in changes(path):
        if program is not None:
            told = _exchanged(service, program, path)
        elif isinstance(problem, str):
            service.broken = problem
            told = f"bamlet serve: {problem}"
        else:
            service.broken = render_all(problem, PLAIN)
            told = render_all(problem, palette(sys.stderr))
        if speaks:
            print(told, file=sys.stderr, flush=True)
        if clients is not None:
            await asyncio.to_thread(clients.update, program)


def _exchanged(service: Service, program: embed.Program, path: str) -> str:
    try:
        service.exchange(program)
    except embed.BamlInvalidArgumentError as failure:
        # It lacks what the command line names, a server of `--allow-mcp`. It is waited for as one that is broken.
        service.broken = str(failure)
        return f"bamlet serve: {failure}"
    return f"serving {path} anew"


def _tell_end(watching: asyncio.Task[None]) -> None:
    """Nobody waits for it while the server runs, so without a word changes would be served no more."""
    if not watching.cancelled() and (failure := watching.exception()) is not None:
        print(f"bamlet serve: changes are not looked for any more: {failure!r}", file=sys.stderr, flush=True)


def _diagnosed(path: str) -> str:
    _, diagnostics = embed.check_path(path)
    return render_all(diagnostics, PLAIN)


def _say(message: str) -> None:
    print(f"bamlet serve: {message}", file=sys.stderr, flush=True)
