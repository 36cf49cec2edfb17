"""`bamlet serve` and `bamlet dev`: a program over HTTP until a signal."""

from __future__ import annotations

import argparse
import errno
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..embed.store import variable
from . import exits
from .serve_running import LOOPBACK, Serving, program_at, run
from .serve_runtimes import Refused, runtimes

if TYPE_CHECKING:
    from ..server.process import Listening
    from ..server.service import Settings

TOKENS = ("BAMLET_TOKEN", "BAML_PASSWORD")


def main(arguments: argparse.Namespace) -> int:
    try:
        import_module("bamlet.server")
    except ImportError as missing:
        return _say(str(missing), exits.USAGE)
    try:
        settings = _settings(arguments)
        path = _path(arguments)
        program = program_at(path, may_be_broken=arguments.reload)
        with runtimes(arguments) as make_runtime, _listening(arguments) as listening:
            return run(Serving(arguments, path, settings, program, make_runtime, listening))
    except Refused as refused:
        return _say(str(refused), refused.code)


def _path(arguments: argparse.Namespace) -> str:
    if arguments.path is not None:
        return str(arguments.path)
    return "baml_src" if Path("baml_src").is_dir() else "."


def _say(message: str, code: int) -> int:
    print(f"bamlet serve: {message}", file=sys.stderr)
    return code


# --- to whom


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
        *("max_body", "max_seconds", "log_events", "log_bytes"),
        *("keep", "grace", "heartbeat", "stall", "drain"),
    )
    procs = arguments.procs
    return Limits(
        # Of all processes together, so each has its part; none of them less than one run.
        max_runs=math.ceil(arguments.max_runs / procs),
        queue=math.ceil(arguments.queue / procs),
        kept_bytes=Limits().kept_bytes // procs,
        **{name: getattr(arguments, name) for name in names},
    )


def _allowed(text: str) -> list[str]:
    from ..server.options import KNOWN

    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in KNOWN]:
        raise Refused(f"--allow-options {unknown[0]}: there are {', '.join(KNOWN)}")
    return names


# --- where


@contextmanager
def _listening(arguments: argparse.Namespace) -> Iterator[Listening]:
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


# --- what is told of requests


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
