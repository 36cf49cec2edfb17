"""Workers that are processes of this machine: rows go in over a socket, and what has ended comes back over it.

A worker ends when its socket does, so that none outlives an owner that was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import pickle
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from multiprocessing.process import BaseProcess
from typing import Any

from ..sync.background import new_event_loop
from .budget import Grant, Owner
from .crew import WorkerDied
from .engines import Done, Refused, Row
from .hands import Hands
from .setting import Work

SPAWN = multiprocessing.get_context("spawn")  # a fork would share our loop, threads and sockets
LENGTH_BYTES = 4
LAST_SECONDS = 2.0  # for a worker to close what it holds
_HANGUP = (asyncio.IncompleteReadError, ConnectionError)


class _Line:
    """Messages in both directions: tuples, the first part of which says what they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, end: socket.socket) -> _Line:
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, *message: Any) -> None:
        data = pickle.dumps(message)
        self._writer.write(len(data).to_bytes(LENGTH_BYTES) + data)

    async def drain(self) -> None:
        await self._writer.drain()

    async def receive(self) -> Any:
        """Raises what `_HANGUP` names."""
        length = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES))
        return pickle.loads(await self._reader.readexactly(length))

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


# --- the owner's side


class ProcessWorker:
    def __init__(self, work: Work, owner: Owner) -> None:
        self._work = work
        self._owner = owner
        self._process: BaseProcess | None = None
        self._line: _Line | None = None
        self._listening: asyncio.Task[None] | None = None
        self._batches: dict[int, asyncio.Queue[list[Done] | None]] = {}
        self._last = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        await self.close()
        ours, theirs = socket.socketpair()
        with theirs:
            process = SPAWN.Process(target=_process, args=(theirs, self._work), daemon=True, name="bamlet-worker")
            with _deaf():
                process.start()
        self._process = process
        self._line = line = await _Line.over(ours)
        try:
            kind, told = await line.receive()
        except _HANGUP:
            raise WorkerDied(f"a worker process ended before it could begin{self._fate()}") from None
        if kind == "refused":
            raise Refused(told)
        self._listening = asyncio.create_task(self._listen(line))

    async def run(self, rows: Sequence[Row]) -> AsyncIterator[list[Done]]:
        assert self._line is not None
        self._last += 1
        number, ended = self._last, asyncio.Queue[list[Done] | None]()
        if self._listening is None or self._listening.done():
            raise WorkerDied(self._told())
        self._batches[number] = ended
        try:
            self._line.send("rows", number, rows)
            left = len(rows)
            while left:
                found = await ended.get()
                if found is None:
                    raise WorkerDied(self._told())
                left -= len(found)
                yield found
        finally:
            del self._batches[number]

    async def _listen(self, line: _Line) -> None:
        with contextlib.suppress(*_HANGUP):
            while True:
                match await line.receive():
                    case ("done", number, found):
                        self._batches[number].put_nowait(found)
                    case ("lease", number, client, tokens, owed):
                        now = asyncio.get_running_loop().time()
                        line.send("grant", number, self._owner.lease(client, tokens, owed, now))
        for ended in self._batches.values():
            ended.put_nowait(None)

    def _told(self) -> str:
        return f"a worker process ended{self._fate()}"

    def _fate(self) -> str:
        code = self._process.exitcode if self._process is not None else None
        if code is None:
            return ""
        return f" (signal {-code})" if code < 0 else f" (exit code {code})"

    async def close(self) -> None:
        """Safe to call again. A worker ends by itself when its line does; one that does not is killed."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            await asyncio.wait({listening})
        if self._line is not None:
            await self._line.close()
            self._line = None
        process, self._process = self._process, None
        if process is not None:
            # One that has not begun yet holds nothing that it would have to close.
            await asyncio.to_thread(_end, process, LAST_SECONDS if listening is not None else 0.0)


def _end(process: BaseProcess, patience: float) -> None:
    process.join(patience)
    if process.exitcode is None:
        process.kill()
        process.join()
    process.close()


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """A process that begins here hears no Ctrl-C, from its first moment on; we hear ours when it has begun."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it begins with the first process, and lets both signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- the worker's side


def _process(end: socket.socket, work: Work) -> None:
    # Ctrl-C goes to all processes of a terminal. The owner hears it, too, and says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_Bench(work).serve(end))


class _Bench:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._grants: dict[int, asyncio.Future[Grant]] = {}
        self._last = 0

    async def serve(self, end: socket.socket) -> None:
        self._line = line = await _Line.over(end)
        try:
            hands = Hands(self._work, self._lease)
        except Refused as failure:
            line.send("refused", str(failure))
            await line.close()
            return
        async with hands:
            line.send("ready", "")
            batches: set[asyncio.Task[None]] = set()
            with contextlib.suppress(*_HANGUP):
                while True:
                    match await line.receive():
                        case ("rows", number, rows):
                            task = asyncio.create_task(self._batch(hands, number, rows))
                            batches.add(task)
                            task.add_done_callback(batches.discard)
                        case ("grant", number, grant):
                            if not (asked := self._grants.pop(number)).done():
                                asked.set_result(grant)
            for task in batches:
                task.cancel()
        await line.close()

    async def _batch(self, hands: Hands, number: int, rows: Sequence[Row]) -> None:
        async for found in hands.run(rows):
            self._line.send("done", number, found)
            await self._line.drain()

    async def _lease(self, client: str, tokens: Sequence[float], owed: float) -> Grant:
        self._last += 1
        granted: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
        self._grants[self._last] = granted
        self._line.send("lease", self._last, client, tokens, owed)
        return await granted
