"""One process that serves: sockets are bound, uvicorn runs over them, signals end it in order.

The first signal lets runs end and takes no new ones; connections are still taken, so that whoever asks is told.
The second ends it at once. A terminal that hangs up is a first signal and never a second one: a shell and the
system may both tell of it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn

from .app import application
from .heads import bounded
from .service import Service
from .sharing import Share

FLUSH_SECONDS = 0.7  # for the last bytes to readers, when every run has ended
BACKLOG = 2048
HANGUP = signal.SIGHUP
SIGNALS = (signal.SIGTERM, signal.SIGINT, HANGUP)


class Listening(socket.socket):
    """Its connections are taken one at a time: whoever listens takes as many in a turn of its loop as it says may
    wait, so of several processes the first to wake would take all, and none would be answered before the last is
    taken. Said here, how many may wait is another number."""

    share: Share | None = None  # of what comes to several processes

    def listen(self, backlog: int = BACKLOG) -> None:
        super().listen(BACKLOG)

    def accept(self) -> tuple[socket.socket, Any]:
        share = self.share
        if share is None:
            return super().accept()
        if not share.is_ours():
            raise BlockingIOError
        taken = super().accept()
        share.took()
        return taken


def bound(host: str, port: int) -> Listening:
    """Raises `OSError`, of which the number says whether somebody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by its number: else asyncio does not turn Nagle's algorithm off, and each answer would wait 40 ms for the
    # other side to confirm its head.
    made = Listening(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen()
    except BaseException:
        made.close()
        raise
    return made


@contextmanager
def bound_path(path: Path) -> Iterator[Listening]:
    """A socket in the file system, for this user only, that is gone afterwards."""
    made = Listening(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        made.bind(os.fspath(path))
    except BaseException:
        made.close()
        raise
    finally:
        os.umask(before)
    try:
        made.listen()
        yield made
    finally:
        made.close()
        path.unlink(missing_ok=True)


async def serve(
    service: Service,
    sockets: Sequence[Listening],
    ready: Callable[[], None],
    root: str = "",
    *,
    signals: Sequence[signal.Signals] = SIGNALS,
    orphaned: int | None = None,
    share: Share | None = None,
) -> None:
    """Until a signal or the end of the file `orphaned`, then until every run has ended or its time is over."""
    server = _Server(service, ready, root)
    if share is not None:
        server.server_state.connections = _Connections(share)
    loop = asyncio.get_running_loop()
    ending: list[asyncio.Task[None]] = []
    heard = [number for number in signals if number != HANGUP or is_hangup_heard()]

    def end() -> None:
        if not ending:
            ending.append(asyncio.create_task(_drained(service, server)))
        else:
            server.force()

    def end_first() -> None:
        if not ending:
            end()

    def end_orphaned(file: int) -> None:
        loop.remove_reader(file)
        end()

    try:
        for number in heard:
            loop.add_signal_handler(number, end_first if number == HANGUP else end)
        if orphaned is not None:
            loop.add_reader(orphaned, end_orphaned, orphaned)
        await server.serve(list(sockets))
    finally:
        # First: closing waits for callbacks of the host, which may never end. One more signal must end us then.
        for number in heard:
            loop.remove_signal_handler(number)
        for task in ending:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await service.close()


def is_hangup_heard() -> bool:
    """`nohup` and its like have it ignored, and mean that the server goes on."""
    return signal.getsignal(HANGUP) is not signal.SIG_IGN


async def _drained(service: Service, server: _Server) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + service.settings.limits.drain
    await service.desk.drain(service.settings.limits.drain)
    if service.peers is not None:
        # The other processes end their runs in the same time; who reads one through us reads its end.
        await service.peers.idle(until - loop.time() + FLUSH_SECONDS)
    server.should_exit = True


class _Connections(set[Any]):
    """Those of one process. uvicorn adds and discards them."""

    def __init__(self, share: Share) -> None:
        super().__init__()
        self._share = share
        share.note(0)  # whatever one of this number had before it died

    def add(self, element: Any) -> None:
        super().add(element)
        self._share.note(len(self))

    def discard(self, element: Any) -> None:
        super().discard(element)
        self._share.note(len(self))


class _Server(uvicorn.Server):
    def __init__(self, service: Service, ready: Callable[[], None], root: str) -> None:
        config = uvicorn.Config(
            application(service),
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="off",  # closing is ours, also when it is to be quick
            root_path=root,
            backlog=1,  # see `Listening`
            timeout_graceful_shutdown=FLUSH_SECONDS,  # type: ignore[arg-type]  # it goes to `asyncio.wait_for`
        )
        config.load()
        config.http_protocol_class = bounded(config.http_protocol_class)
        super().__init__(config)
        self._ready = ready
        self._forced = asyncio.Event()

    def force(self) -> None:
        self.force_exit = self.should_exit = True
        self._forced.set()

    async def main_loop(self) -> None:
        await self._unless_forced(super().main_loop())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._unless_forced(super().shutdown(sockets))

    async def _unless_forced(self, steps: Coroutine[object, object, None]) -> None:
        """uvicorn itself looks ten times a second whether it is to end, which is late for an end at once."""
        going, forced = asyncio.create_task(steps), asyncio.create_task(self._forced.wait())
        try:
            await asyncio.wait((going, forced), return_when=asyncio.FIRST_COMPLETED)
        finally:
            going.cancel()
            forced.cancel()
            # Also where it has ended by itself: what it raised is raised here.
            with suppress(asyncio.CancelledError):
                await going

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are ours."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
