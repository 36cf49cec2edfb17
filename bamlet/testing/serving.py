"""A mock over sockets of this machine: until somebody stops the process, or beside the test that asks it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import uvicorn

from ..embed.outside import OutsideModel
from ..embed.runtime import Program
from .mock import MockServer, Played, Receive, Send

Application: TypeAlias = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

_GRACE_SECONDS = 1
_ENDS_WITHIN_SECONDS = 10


def serve(app: Application, listening: socket.socket) -> None:
    """Until the process is told to stop."""
    _server(app).run([listening])


@contextmanager
def served(app: Application) -> Iterator[str]:
    """Its address, on a port that is free. It has ended when the block has."""
    server = _server(app)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), name="bamlet mock", daemon=True)
        thread.start()
        try:
            # The socket listens already: whoever is early waits in its queue.
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_ENDS_WITHIN_SECONDS)


class Mock:
    """A server beside a test. It invents answers until it is told to play a cassette."""

    def __init__(self, url: str, app: MockServer) -> None:
        self.url = url
        self._app = app

    @classmethod
    @contextmanager
    def started(cls, program: Program | None = None) -> Iterator[Mock]:
        app = MockServer(OutsideModel(program=program))
        with served(app) as url:
            yield cls(url, app)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What was asked, the oldest first: method, path, headers without keys, and body."""
        return self._app.requests

    def play(self, cassette: str | Path, *, speed: float = 0.0) -> None:
        """Answer from a cassette. Raises `OSError`, and `ValueError` for what is none."""
        self._app.answer_from(Played(Path(cassette), speed))

    def unused(self) -> list[str]:
        """What is in the cassette and was not asked for."""
        return self._app.unused()


def _server(app: Application) -> uvicorn.Server:
    # Critical alone: an answer that breaks off is meant to, and no mistake of the application.
    return uvicorn.Server(
        uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=_GRACE_SECONDS)
    )
