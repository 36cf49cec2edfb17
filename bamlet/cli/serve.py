"""`bamlet serve` and `bamlet dev`: a program over HTTP until a signal."""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import embed
from ..diagnostics.render import PLAIN, render_all
from ..embed.settings import SettingsError
from ..embed.store import variable
from . import exits
from .serve_runtimes import MakeRuntime, Refused, runtimes
from .terminal import palette

if TYPE_CHECKING:
    from ..server.service import Service, Settings

LOOPBACK = ("127.0.0.1", "::1", "localhost")
TOKENS = ("BAMLET_TOKEN", "BAML_PASSWORD")


def main(arguments: argparse.Namespace) -> int:
    try:
        import_module("bamlet.server")
    except ImportError as missing:
        return _say(str(missing), exits.USAGE)
    try:
        settings = _settings(arguments)
        program = _program(_path(arguments), arguments.reload)
        with runtimes(arguments) as make_runtime, _listening(arguments) as listening:
            asyncio.run(_serve(arguments, settings, program, make_runtime, listening))
    except Refused as refused:
        return _say(str(refused), refused.code)
    return exits.OK


async def _serve(
    arguments: argparse.Namespace,
    settings: Settings,
    program: embed.Program | None,
    make_runtime: MakeRuntime,
    listening: socket.socket,
) -> None:
    from ..server import process
    from ..server.service import Service

    path = _path(arguments)
    service = Service(settings, program, make_runtime=make_runtime)
    if program is None:
        service.broken = _diagnosed(path)
    watching = asyncio.create_task(_watch(service, path)) if arguments.reload else None
    if watching is not None:
        watching.add_done_callback(_tell_end)
    try:
        await process.serve(
            service, [listening], lambda: _ready(service, listening, arguments), arguments.root_path
        )
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.wait({watching})


def _say(message: str, code: int) -> int:
    print(f"bamlet serve: {message}", file=sys.stderr)
    return code


# --- what is served, to whom


def _path(arguments: argparse.Namespace) -> str:
    if arguments.path is not None:
        return str(arguments.path)
    return "baml_src" if Path("baml_src").is_dir() else "."


def _program(path: str, may_be_broken: bool) -> embed.Program | None:
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


def _settings(arguments: argparse.Namespace) -> Settings:
    from ..server.guard import Guard
    from ..server.limits import OPTIONS
    from ..server.service import Settings

    tokens = [value for name in (*TOKENS, *arguments.token_env) if (value := variable(name))]
    if missing := [name for name in arguments.token_env if not variable(name)]:
        raise Refused(f"--token-env {missing[0]}: this variable is not set")
    is_local = arguments.uds is not None or arguments.host in LOOPBACK
    if not is_local and not tokens and not arguments.insecure:
        raise Refused(
            f"{arguments.host} is open to other machines, and there is no token: set BAMLET_TOKEN, "
            "or say --insecure"
        )
    return Settings(
        guard=Guard(tokens, _hosts(arguments, is_local), arguments.cors),
        limits=_limits(arguments),
        on_disconnect=arguments.disconnect,
        allowed_options=_allowed(arguments.allow_options) if arguments.allow_options is not None else OPTIONS,
        exposed=arguments.expose,
        hidden=arguments.hide,
        shows_answers=arguments.expose_answers,
        metrics=arguments.metrics or is_local,
        on_access=_ACCESS[arguments.access_log],
    )


def _hosts(arguments: argparse.Namespace, is_local: bool) -> Sequence[str]:
    if arguments.uds is not None:
        return ["*"]  # no page reaches a Unix socket
    return arguments.allow_host if is_local else [arguments.host, *arguments.allow_host]


def _limits(arguments: argparse.Namespace) -> Any:
    from ..server.limits import Limits

    names = (
        *("max_runs", "queue", "max_body", "max_seconds", "log_events", "log_bytes"),
        *("keep", "grace", "heartbeat", "stall", "drain"),
    )
    return Limits(**{name: getattr(arguments, name) for name in names})


def _allowed(text: str) -> list[str]:
    from ..server.options import KNOWN

    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in KNOWN]:
        raise Refused(f"--allow-options {unknown[0]}: there are {', '.join(KNOWN)}")
    return names


# --- where


@contextmanager
def _listening(arguments: argparse.Namespace) -> Iterator[socket.socket]:
    from ..server.process import bound, bound_path

    try:
        if arguments.uds is not None:
            with bound_path(Path(arguments.uds)) as made:
                yield made
            return
        made = bound(arguments.host, arguments.port)
    except OSError as failure:
        raise Refused(_not_bound(arguments, failure)) from None
    with made:
        yield made


def _not_bound(arguments: argparse.Namespace, failure: OSError) -> str:
    if arguments.uds is not None:
        return f"{arguments.uds}: {failure.strerror}"
    if failure.errno == errno.EADDRINUSE:
        port = arguments.port
        return f"port {port} is in use; `lsof -i :{port}` tells by whom, and --port 0 takes a free one"
    return f"{arguments.host}:{arguments.port}: {failure.strerror}"


def _ready(service: Service, listening: socket.socket, arguments: argparse.Namespace) -> None:
    """One line a fact."""
    if arguments.uds is not None:
        where = f"unix:{arguments.uds}"
    else:
        host, port = listening.getsockname()[:2]
        where = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        if arguments.port_file is not None:
            Path(arguments.port_file).write_text(f"{port}\n", "utf-8")
    if service.broken is None:
        count = len(service.functions)
        functions = f"{count} function{'s' if count != 1 else ''} of {_path(arguments)}"
    else:
        functions = f"{_path(arguments)}, which does not compile yet,"
    lines = [f"serving {functions} on {where}", _openness(service, arguments)]
    print("\n".join(lines), file=sys.stderr, flush=True)


def _openness(service: Service, arguments: argparse.Namespace) -> str:
    if service.settings.guard.tokens:
        return "a token is asked for"
    if arguments.uds is not None or arguments.host in LOOPBACK:
        return "no token: only this machine can call"
    return "warning: no token, and other machines can call"


# --- while it serves


async def _watch(service: Service, path: str) -> None:
    """New runs are of the program as it is now; while it does not compile there are none."""
    from ..server.reload import changes

    async for program, problem in changes(path):
        if program is not None:
            service.exchange(program)
            print(f"serving {path} anew", file=sys.stderr, flush=True)
        elif isinstance(problem, str):
            service.broken = problem
            print(f"bamlet serve: {problem}", file=sys.stderr, flush=True)
        else:
            service.broken = render_all(problem, PLAIN)
            print(render_all(problem, palette(sys.stderr)), file=sys.stderr, flush=True)


def _tell_end(watching: asyncio.Task[None]) -> None:
    """Nobody waits for it while the server runs, so without a word changes would be served no more."""
    if not watching.cancelled() and (failure := watching.exception()) is not None:
        print(f"bamlet serve: changes are not looked for any more: {failure!r}", file=sys.stderr, flush=True)


def _diagnosed(path: str) -> str:
    _, diagnostics = embed.check_path(path)
    return render_all(diagnostics, PLAIN)


def _access_text(told: dict[str, Any]) -> None:
    line = f"{told['method']} {told['path']} {told['status']} {told['ms']} ms"
    print(line, file=sys.stderr, flush=True)


def _access_json(told: dict[str, Any]) -> None:
    print(json.dumps(told), file=sys.stderr, flush=True)


_ACCESS: dict[str, Callable[[dict[str, Any]], object] | None] = {
    "off": None,
    "text": _access_text,
    "json": _access_json,
}
