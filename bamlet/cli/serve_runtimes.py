"""The options of `bamlet serve` to how a runtime is made: on the network, on a cassette, or asking nobody."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import embed
from . import exits
from .options import environment, offline, reach

if TYPE_CHECKING:
    from ..embed.runtime import AsyncRuntime

MakeRuntime = Callable[["embed.Program"], "AsyncRuntime"]


class Refused(Exception):
    """What was asked for cannot be; the text is for a person."""

    def __init__(self, message: str, code: int = exits.USAGE) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def runtimes(arguments: argparse.Namespace) -> Iterator[MakeRuntime]:
    """Raises `Refused`."""
    try:
        seed = offline(arguments)
        environ = environment(arguments)
    except (ValueError, OSError) as failure:
        raise Refused(str(failure)) from None
    media = embed.MediaLimits(private_addresses=arguments.allow_private_media)
    if seed is not None:
        yield _offline(seed, arguments.fault, environ, reach(arguments))
    elif arguments.replay:
        yield _replaying(arguments.replay, arguments.speed, environ, reach(arguments))
    elif arguments.record:
        if arguments.reload:
            raise Refused("--record records one program; leave --reload out")
        if arguments.procs > 1:
            raise Refused("--record writes one file; leave --procs out")
        with _recording(arguments) as transport:
            yield lambda program: embed.AsyncRuntime(
                program, transport=transport, media=media, environ=environ, **reach(arguments)
            )
    else:
        yield lambda program: embed.AsyncRuntime(program, media=media, environ=environ, **reach(arguments))


def _offline(seed: int, faults: Any, environ: Any, may_reach: dict[str, Any]) -> MakeRuntime:
    from ..embed.offline import OfflineTransport, offline_environment

    return lambda program: embed.AsyncRuntime(
        program,
        transport=OfflineTransport(seed, faults=faults),
        environ=offline_environment(environ),
        **may_reach,
    )


def _replaying(cassette: str, speed: float, environ: Any, may_reach: dict[str, Any]) -> MakeRuntime:
    from ..embed import cassettes

    try:
        cassettes.replay_transport(cassette)
    except (OSError, UnicodeDecodeError, cassettes.CassetteError) as failure:
        raise Refused(f"{cassette}: {failure}") from None
    return lambda program: embed.AsyncRuntime(
        program,
        transport=cassettes.replay_transport(cassette, speed, endless=True),
        environ=cassettes.ReplayEnvironment(environ),
        **may_reach,
    )


@contextmanager
def _recording(arguments: argparse.Namespace) -> Iterator[Any]:
    from ..embed.cassettes import Recording, RecordingBroken, SecretInCassette

    try:
        recording = Recording(arguments.record, force=arguments.force)
    except FileExistsError as failure:
        raise Refused(f"{failure.filename} exists; --force records over it") from None
    except OSError as failure:
        raise Refused(str(failure)) from None
    try:
        with recording:
            yield recording.transport
    except (SecretInCassette, RecordingBroken) as failure:
        raise Refused(str(failure), exits.FAILED) from None
