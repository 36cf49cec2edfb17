"""The options of `bamlet serve` and `bamlet dev`, and the sizes and times in them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from .options import add_address, add_cassette, add_environment, add_groups, add_media, add_offline

_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {"": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def seconds(text: str) -> float:
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2] not in _SECONDS:
        raise argparse.ArgumentTypeError(f"`{text}` is no time; write 500ms, 30s, 5m")
    return float(found[1]) * _SECONDS[found[2]]


def size(text: str) -> int:
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2].upper() not in _BYTES:
        raise argparse.ArgumentTypeError(f"`{text}` is no size; write 64KiB, 8MiB")
    return int(float(found[1]) * _BYTES[found[2].upper()])


def _processes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of processes; write 1 or more")
    return int(text)


def add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = commands.add_parser(
        "serve",
        help="call and stream a program's functions over HTTP",
        description="Serve a program over HTTP: calls, streams that can be resumed, and their states.",
    )
    _add_options(serve)
    serve.add_argument("--reload", action="store_true", help="serve the program anew whenever its files change")
    serve.set_defaults(generates=False)


def add_dev(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    dev = commands.add_parser(
        "dev",
        help="the same, anew whenever a file changes",
        description="Serve a program over HTTP, anew whenever one of its files changes, and keep its clients new.",
    )
    _add_options(dev)
    dev.set_defaults(reload=True, generates=True)


def _add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "path", metavar="FILE|DIR", nargs="?", default=None, help="the program (default: baml_src, or this folder)"
    )
    _add_place(command)
    _add_callers(command)
    _add_program(command)
    _add_limits(command)
    _add_reports(command)


def _add_place(command: argparse.ArgumentParser) -> None:
    place = command.add_argument_group("where")
    add_address(place, 2024)
    place.add_argument("--uds", metavar="PATH", help="a Unix socket in place of a port")
    place.add_argument(
        "--procs",
        type=_processes,
        default=1,
        metavar="N",
        help="processes that serve the one address (default: 1)",
    )
    place.add_argument("--root-path", default="", metavar="PATH", help="what a proxy cuts off before our paths")


def _add_callers(command: argparse.ArgumentParser) -> None:
    callers = command.add_argument_group("who may call what")
    for flag, metavar, text in (
        ("--token-env", "NAME", "a variable with a token, beside BAMLET_TOKEN and BAML_PASSWORD"),
        ("--allow-host", "HOST", "a name that the server answers to, beside those of this machine"),
        ("--cors", "ORIGIN", "an origin whose pages may call, such as https://app.example.com"),
        ("--expose", "FUNCTION", "serve this function, and no other that is not named like this"),
        ("--hide", "FUNCTION", "do not serve this function"),
    ):
        callers.add_argument(
            flag, action="append", default=[], metavar=metavar, help=f"{text}; may be given more than once"
        )
    callers.add_argument(
        "--allow-options",
        metavar="LIST",
        help="of __baml_options__: client, tags, timeouts, strict (these by default), env; and request",
    )
    callers.add_argument(
        "--insecure", action="store_true", help="serve other machines, too, without asking for a token"
    )


def _add_program(command: argparse.ArgumentParser) -> None:
    program = command.add_argument_group("the program")
    add_groups(program)
    add_media(program)
    add_cassette(program, "answer from a cassette, again and again")
    add_offline(program)
    add_environment(program)


def _add_limits(command: argparse.ArgumentParser) -> None:
    limits = command.add_argument_group("limits")
    rows: tuple[tuple[str, Callable[[str], object], object, str], ...] = (
        ("--max-runs", int, 200, "runs at once"),
        ("--queue", int, 0, "runs that may wait for a place"),
        ("--max-body", size, 8 << 20, "of a request (default: 8MiB)"),
        ("--max-seconds", seconds, 600.0, "for a run (default: 600s)"),
        ("--log-events", int, 10_000, "events that are kept of a run"),
        ("--log-bytes", size, 8 << 20, "of the events of a run (default: 8MiB)"),
        ("--keep", seconds, 60.0, "how long the events of a run that is over are kept (default: 60s)"),
        ("--grace", seconds, 60.0, "how long a run that nobody reads goes on (default: 60s)"),
        ("--heartbeat", seconds, 15.0, "of silence, after which a comment is sent (default: 15s)"),
        ("--stall", seconds, 30.0, "after which a reader that takes nothing is left (default: 30s)"),
        ("--drain", seconds, 30.0, "for runs to end when the server is told to (default: 30s)"),
    )
    for flag, kind, default, text in rows:
        told = text if "default" in text else f"{text} (default: {default})"
        limits.add_argument(flag, type=kind, default=default, metavar=_METAVARS[kind], help=told)
    limits.add_argument(
        "--disconnect",
        choices=("cancel", "grace", "keep"),
        default="grace",
        help="what happens to a run that nobody reads (default: grace)",
    )


_METAVARS: dict[Callable[[str], object], str] = {int: "N", size: "SIZE", seconds: "TIME"}


def _add_reports(command: argparse.ArgumentParser) -> None:
    reports = command.add_argument_group("what is told")
    reports.add_argument("--access-log", choices=("off", "text", "json"), default="off", help="a line a request")
    reports.add_argument("--metrics", action="store_true", help="show /metrics to other machines, too")
    reports.add_argument("--expose-answers", action="store_true", help="show what a model said in errors about it")
