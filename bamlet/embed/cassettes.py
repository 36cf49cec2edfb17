"""Cassettes on disk: a transport that plays one, a transport that records one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ..sysops.clock import Clock
from ..wire.cassette import CassetteError, read_cassette
from ..wire.record import RecordingTransport, SecretInCassette
from ..wire.redact import SHORTEST_SECRET, is_secret_name
from ..wire.replay import ReplayTransport
from .files import text_of
from .writing import Beside

__all__ = [
    "CassetteError",
    "Recording",
    "RecordingBroken",
    "ReplayEnvironment",
    "SecretInCassette",
    "replay_transport",
]


def replay_transport(
    path: str | os.PathLike[str], speed: float = 1.0, *, endless: bool = False
) -> ReplayTransport:
    """Answers from a cassette, at its pace times `speed`; 0 does not wait. Raises `CassetteError`, `OSError`.

    Each exchange is played once, unless it is `endless`.
    """
    cassette = read_cassette(text_of(Path(path)))
    return ReplayTransport(cassette, speed, asyncio.sleep, endless=endless)


class RecordingBroken(Exception):
    """The recording could not be written to its end. What stood in its place is still there."""


class Recording:
    """A cassette being written, inside a `with`: lines go to `FILE.partial` as exchanges end, which becomes FILE
    when all went well. After a failure it stays beside, and what stood there before stays.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, force: bool = False, environ: Mapping[str, str] | None = None
    ) -> None:
        """Raises `OSError`: `FileExistsError` if there is such a file and no `force`."""
        from ..wire.http import HttpTransport

        self._file = Beside(path, force=force)
        self._has_failed = False
        self._broken: OSError | None = None
        self.transport = RecordingTransport(
            HttpTransport(), self._write, clock=Clock().now, secrets=secrets_of(environ)
        )

    @property
    def beside(self) -> Path:
        """Where the exchanges of a run that has failed are."""
        return self._file.beside

    def fail(self) -> None:
        """What is recorded is not to take the place of FILE, though nothing was raised."""
        self._has_failed = True

    def _write(self, line: str) -> None:
        if self._broken is not None:
            return
        try:
            self._file.write(line.encode())
        except OSError as failure:
            # A full disk is no reason to fail the call, but the recording has a hole from here on.
            self._broken = failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._broken is None and (error is not None or self._has_failed):
            self._file.leave()
            return
        try:
            if self._broken is not None:
                raise self._broken
            self._file.put_in_place()
        except OSError as failure:
            self._file.discard()
            told = f"{self._file.path}: the recording is not written: {failure.strerror or failure}"
            raise RecordingBroken(told) from failure


def secrets_of(environ: Mapping[str, str] | None) -> frozenset[str]:
    """The values that must not be written; None is the environment of the process."""
    environ = os.environ if environ is None else environ
    return frozenset(
        value for name, value in environ.items() if is_secret_name(name) and len(value) >= SHORTEST_SECRET
    )


class ReplayEnvironment(Mapping[str, str]):
    """The environment of a replay: a key that is not set has a stand-in, since it goes nowhere."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def __getitem__(self, name: str) -> str:
        found = self._environ.get(name)
        if found is not None:
            return found
        if is_secret_name(name):
            return "replayed"
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)
