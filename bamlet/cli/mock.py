"""`bamlet mock`: a cassette, an offline model or a recorder, as a server that speaks like the providers."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .. import embed
from ..diagnostics import CompileError
from ..diagnostics.render import render_all
from ..embed.cassettes import CassetteError, Recording, RecordingBroken
from ..embed.outside import OutsideModel
from ..testing.mock import MockServer, PassedOn, Played
from . import exits
from .terminal import palette


def main(arguments: argparse.Namespace) -> int:
    try:
        from ..testing.serving import serve
    except ImportError:
        print("bamlet mock: this needs the extra `serve`: pip install 'bamlet[serve]'", file=sys.stderr)
        return exits.USAGE
    # uvicorn ends in order and raises the signal again: that of `kill` must not end what is being recorded.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _check(arguments)
        with (
            _source(arguments) as source,
            socket.create_server((arguments.host, arguments.port)) as listening,
        ):
            server = MockServer(source)
            host, port = listening.getsockname()[:2]
            print(f"listening on http://{host}:{port}", file=sys.stderr, flush=True)
            if arguments.port_file:
                Path(arguments.port_file).write_text(f"{port}\n", "utf-8")
            with suppress(KeyboardInterrupt):  # how it ends, so it is no failure
                serve(server, listening)
            if server.problem is not None:
                print(f"bamlet mock: {server.problem}", file=sys.stderr)
                return exits.FAILED
    except CompileError as failure:
        print(render_all(failure.diagnostics, palette(sys.stderr)), file=sys.stderr)
        return exits.BAD_SOURCE
    except FileNotFoundError as failure:
        print(f"bamlet mock: {failure.filename}: there is no such file or folder", file=sys.stderr)
        return exits.USAGE
    except CassetteError as failure:
        print(f"bamlet mock: {arguments.source}: {failure}", file=sys.stderr)
        return exits.USAGE
    except (OSError, ValueError) as failure:
        print(f"bamlet mock: {failure}", file=sys.stderr)
        return exits.USAGE
    except RecordingBroken as failure:
        print(f"bamlet mock: {failure}", file=sys.stderr)
        return exits.FAILED
    return exits.OK


def _check(arguments: argparse.Namespace) -> None:
    if (arguments.record is None) is not (arguments.to is None):
        raise ValueError("--record FILE and --to URL go together: what the one answers is written to the other")
    plays = arguments.source is not None and not _is_program(arguments.source)
    invents = arguments.offline is not None or arguments.fault
    if arguments.to and (arguments.source or invents):
        raise ValueError("--to asks a provider: nothing is played, and nothing is invented")
    if plays and invents:
        raise ValueError("a cassette is played as it is; --offline and --fault are for invented answers")
    if arguments.loop and not plays:
        raise ValueError("--loop plays a cassette again and again; name one")


def _is_program(path: str) -> bool:
    return path.endswith(".baml") or Path(path).is_dir()


@contextmanager
def _source(arguments: argparse.Namespace) -> Iterator[Played | PassedOn | OutsideModel]:
    if arguments.to is not None:
        with Recording(arguments.record) as recording:
            yield PassedOn(arguments.to, recording.transport)
        return
    path = arguments.source
    if path is not None and not _is_program(path):
        yield Played(Path(path), arguments.speed, arguments.loop)
        return
    program = embed.load(path) if path is not None else None
    yield OutsideModel(arguments.offline or 0, faults=arguments.fault, program=program)
