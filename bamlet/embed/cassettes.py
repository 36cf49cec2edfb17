"""Cassettes on disk: a transport that plays one, a transport that records one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from ..sysops.clock import Clock
from ..wire.cassette import CassetteError, read_cassette
from ..wire.record import RecordingTransport, SecretInCassette
from ..wire.replay import ReplayTransport

__all__ = ["CassetteError", "Recording", "ReplayEnvironment", "SecretInCassette", "is_secret", "replay_transport"]

_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_SHORTEST_SECRET = 8


def replay_transport(path: str | os.PathLike[str], speed: float = 1.0) -> ReplayTransport:
    """Answers from a cassette, at its pace times `speed`; 0 does not wait. Raises `CassetteError`, `OSError`."""
    return ReplayTransport(read_cassette(Path(path).read_text("utf-8")), speed, asyncio.sleep)


class Recording:
    """A cassette being written, inside a `with`: lines go to the file as exchanges end."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from ..wire.http import HttpTransport

        self._file = open(path, "w", encoding="utf-8", newline="\n")  # noqa: SIM115 closed by `__exit__`
        self.transport = RecordingTransport(
            HttpTransport(), self._write, clock=Clock().now, secrets=_secrets(os.environ)
        )

    def _write(self, line: str) -> None:
        self._file.write(line)
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def _secrets(environ: Mapping[str, str]) -> frozenset[str]:
    return frozenset(
        value for name, value in environ.items() if is_secret(name) and len(value) >= _SHORTEST_SECRET
    )


def is_secret(name: str) -> bool:
    """Whether a variable of this name holds what must not be shown."""
    return any(word in name.upper() for word in _SECRET_WORDS)


class ReplayEnvironment(Mapping[str, str]):
    """The environment of a replay: a key that is not set has a stand-in, since it goes nowhere."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def __getitem__(self, name: str) -> str:
        found = self._environ.get(name)
        if found is not None:
            return found
        if is_secret(name):
            return "replayed"
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)
