"""Cassettes of tests: one file for each run, which is written whole when the run has ended well, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..sysops.clock import Clock
from ..wire.message import Request, Response, Transport, TransportError
from ..wire.record import RecordingTransport
from ..wire.replay import NotRecorded
from .cassettes import secrets_of
from .writing import write_whole


class Tape:
    """What goes over a transport, kept in memory until somebody saves it."""

    def __init__(self, inner: Transport, environ: Mapping[str, str] | None) -> None:
        """`environ` is that of the program, whose secrets must not be written; None is that of the process."""
        self._lines: list[str] = []
        self.transport = RecordingTransport(
            inner, self._lines.append, clock=Clock().now, secrets=secrets_of(environ)
        )

    def save(self, path: Path) -> bool:
        """Beside its place, then renamed: a crash leaves the old one. False if there was nothing to write."""
        if not self._lines:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, "".join(self._lines).encode())
        return True


class MissingTape:
    """In the place of a network that nobody may reach: each request is told why."""

    unrecorded: Transport | None = None

    def __init__(self, why: str) -> None:
        self._why = why

    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        raise NotRecorded(self._why)

    async def aclose(self) -> None:
        """Nothing is held."""


assert issubclass(NotRecorded, TransportError)
