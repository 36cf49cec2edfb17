"""The other processes of one server: whose a run is, whose a caller's key, and requests that they are passed.

Each process takes what comes to the common address, and listens at a socket of its own for the others. The id of a
run begins with its process. Which one has the run of an `Idempotency-Key` stands in a folder that all share.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator, Sequence, Set
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from starlette.types import Scope

from ..records import dataclass

RUN = re.compile(r"r(\d{1,9})_")  # of more digits Python makes no number
PIECE = 64 << 10
PEER_SECONDS = 5.0  # for what is asked of each process, of which one may just have died
SILENCE_SECONDS = 5.0  # after which one that is waited for is asked whether it serves, and for its word

# Of one connection, so they are not passed on; a server dates its answers by itself.
_OF_A_HOP = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"expect", b"date"))

Headers = list[tuple[bytes, bytes]]


class PeerLost(Exception):
    """The other process has ended, and what it had with it."""


class PeerSilent(Exception):
    """The other process is there and does nothing, as one that was stopped."""

    def __init__(self, number: int) -> None:
        super().__init__(f"process {number} of this server does not answer")


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of another process's answer, and its body as it comes, which raises `PeerLost` where it is cut."""

    status: int
    headers: Headers
    body: AsyncIterator[bytes]


class Peers:
    """As process `number` of `count`, counted from 1, sees them."""

    def __init__(self, folder: Path, number: int, count: int) -> None:
        self.number = number
        self.count = count
        self._folder = folder
        self._keys = keys_of(folder)
        self._passing: set[asyncio.Future[None]] = set()
        self._waiting: dict[int, set[asyncio.Timeout]] = {}
        self._watches: dict[int, asyncio.Task[None]] = {}

    @property
    def others(self) -> list[int]:
        return [number for number in range(1, self.count + 1) if number != self.number]

    def is_passed_on(self, scope: Scope) -> bool:
        """By another process, which has found that it is for this one: then it goes no further."""
        server = scope.get("server")
        return server is not None and server[0] == os.fspath(socket_of(self._folder, self.number))

    def home_of(self, run: str) -> int:
        """The process of a run; of what is no run's name, this one, which says so."""
        found = RUN.match(run)
        number = int(found[1]) if found is not None else 0
        return number if 1 <= number <= self.count else self.number

    # --- keys of callers

    def claim(self, owner: str | None, key: str) -> int:
        """The process that has the run of a key, this one if none has: of two that ask at once, one gets it."""
        link = self._link(owner, key)
        while True:
            try:
                # A link is there and names its process in one step, as no file is.
                link.symlink_to(str(self.number))
            except FileExistsError:
                try:
                    return int(os.readlink(link))
                except FileNotFoundError:
                    continue  # let go in between
            return self.number

    def release(self, owner: str | None, key: str) -> None:
        self._unlink(self._link(owner, key))

    def forget(self) -> None:
        """What a process of this number had before it died: its runs are gone, and their keys are free."""
        for link in self._keys.iterdir():
            self._unlink(link)

    def _unlink(self, link: Path) -> None:
        """If it is ours: another process may have begun a run of the same key since."""
        with suppress(FileNotFoundError):
            if os.readlink(link) == str(self.number):
                link.unlink()

    def _link(self, owner: str | None, key: str) -> Path:
        return self._keys / sha256(f"{owner or ''}\n{key}".encode()).hexdigest()

    # --- requests that are passed on

    @asynccontextmanager
    async def passed_on(self, scope: Scope, number: int, body: bytes = b"") -> AsyncIterator[Answer]:
        """Raises `PeerLost` and `PeerSilent`. Closing the connection tells the other process that the caller has
        left."""
        with self._counted():
            async with self._watched(number):
                with _or_lost():
                    reader, writer = await asyncio.open_unix_connection(socket_of(self._folder, number))
                try:
                    writer.write(_request(scope, body))
                    with _or_lost():
                        answer = await _answer(reader, has_body=scope["method"] != "HEAD")
                    yield answer
                finally:
                    writer.close()

    @asynccontextmanager
    async def _watched(self, number: int) -> AsyncIterator[None]:
        """Raises `PeerSilent`. A run may be silent for long, so its process is asked: the sockets of one that was
        stopped stay open, and whoever waits there would wait for ever."""
        try:
            async with asyncio.timeout(None) as limit:
                with self._waiting_for(number, limit):
                    yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise PeerSilent(number) from None

    @contextmanager
    def _waiting_for(self, number: int, limit: asyncio.Timeout) -> Iterator[None]:
        """However many wait, one asks, from when the first comes until the last has gone."""
        waiting = self._waiting.setdefault(number, set())
        if not waiting:
            self._watches[number] = asyncio.create_task(self._watch(number, waiting))
        waiting.add(limit)
        try:
            yield
        finally:
            waiting.remove(limit)
            if not waiting:
                self._watches.pop(number).cancel()

    async def _watch(self, number: int, waiting: Set[asyncio.Timeout]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SILENCE_SECONDS)
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self._greet(number)
            except TimeoutError:
                for limit in waiting:
                    if not limit.expired():  # of one told before, whose end takes long
                        limit.reschedule(loop.time())

    async def _greet(self, number: int) -> None:
        """Of one that has just died the end is heard where it is waited for."""
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_unix_connection(socket_of(self._folder, number))
            try:
                writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                await reader.readuntil(b"\r\n")
            finally:
                writer.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        over = asyncio.get_running_loop().create_future()
        self._passing.add(over)
        try:
            yield
        finally:
            self._passing.discard(over)
            over.set_result(None)

    async def idle(self, seconds: float) -> None:
        """What is passed on has ended with the runs of the other processes, or its time is over."""
        if self._passing:
            await asyncio.wait(set(self._passing), timeout=max(seconds, 0))

    async def ask_others(self, scope: Scope) -> list[bytes]:
        """Their answers to a request that has no body. One that has just died has none."""
        found = await asyncio.gather(*(self._ask(scope, number) for number in self.others))
        return [text for text in found if text is not None]

    async def _ask(self, scope: Scope, number: int) -> bytes | None:
        try:
            async with asyncio.timeout(PEER_SECONDS), self.passed_on(scope, number) as answer:
                text = b"".join([piece async for piece in answer.body])
        except (PeerLost, PeerSilent, TimeoutError):
            return None
        return text if answer.status == 200 else None


def socket_of(folder: Path, number: int) -> Path:
    return folder / f"{number}.sock"


def keys_of(folder: Path) -> Path:
    return folder / "keys"


def _request(scope: Scope, body: bytes) -> bytes:
    path = scope["raw_path"].removeprefix(scope.get("root_path", "").encode())
    target = b"?".join(filter(None, (path, scope["query_string"])))
    head = [b"%b %b HTTP/1.1" % (scope["method"].encode(), target), b"connection: close"]
    if body:
        head.append(b"content-length: %d" % len(body))
    head += [b"%b: %b" % header for header in scope["headers"] if header[0] not in _OF_A_HOP]
    return b"\r\n".join([*head, b"", body])


async def _answer(reader: asyncio.StreamReader, *, has_body: bool) -> Answer:
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    given = dict(headers)
    if not has_body:  # whatever its head says of the length
        body = _counted_body(reader, 0)
    elif b"content-length" in given:
        body = _counted_body(reader, int(given[b"content-length"]))
    else:
        body = _chunked_body(reader)
    return Answer(int(status.split()[1]), [one for one in headers if one[0] not in _OF_A_HOP], body)


@contextmanager
def _or_lost() -> Iterator[None]:
    try:
        yield
    except (OSError, asyncio.IncompleteReadError):
        raise PeerLost from None


async def _counted_body(reader: asyncio.StreamReader, left: int) -> AsyncIterator[bytes]:
    while left:
        with _or_lost():
            piece = await reader.readexactly(min(left, PIECE))
        left -= len(piece)
        yield piece


async def _chunked_body(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        with _or_lost():
            size = int(await reader.readuntil(b"\r\n"), 16)
            piece = await reader.readexactly(size + 2)
        if size == 0:
            return
        yield piece[:-2]


def summed(texts: Sequence[str]) -> str:
    """What each process counts, as one text of the same form."""
    sections: dict[str, dict[str, float]] = {}
    for text in texts:
        section: dict[str, float] = {}
        for line in text.splitlines():
            if line.startswith("#"):
                section = sections.setdefault(line, {})
            else:
                name, _, value = line.rpartition(" ")
                section[name] = section.get(name, 0) + float(value)
    lines: list[str] = []
    for head, section in sections.items():
        lines += [head, *(f"{name} {_number(value)}" for name, value in section.items())]
    return "\n".join([*lines, ""])


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6f}"
