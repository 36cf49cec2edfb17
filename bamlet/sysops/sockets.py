"""Connections from outside: the operations of `baml.net`, over the streams of asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from ..interpreter.runtime.values import Handle
from .bell import Bell
from .host import Context, resource
from .registry import Failure, sysop

MOST_WAITING = 100  # connections that nobody has accepted yet; one more is closed at once
PIECE = 1 << 16  # bytes of one `read`


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        with _told():
            return await self._reader.read(PIECE)

    async def write(self, data: bytes) -> int:
        with _told():
            self._writer.write(data)
            await self._writer.drain()
        return len(data)

    def abort(self) -> None:
        self._writer.transport.abort()

    async def aclose(self) -> None:
        """What was written goes out first, as long as whoever closes waits for it."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass  # the other side has gone, so there is nothing left to let go of
        except asyncio.CancelledError:
            # A side that takes nothing would keep what is unsent, and with it the socket.
            self.abort()
            raise


class Listener:
    """Connections are taken as they come and wait here, so that none is ever between two owners: `accept` awaits
    nothing after it has taken one."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._waiting: deque[Connection] = deque()
        self._changed = Bell()
        self._closed = False

    async def listen(self, host: str, port: int) -> None:
        self._server = await asyncio.start_server(self._connected, host, port)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        if self._closed or len(self._waiting) >= MOST_WAITING:
            connection.abort()
            return
        self._waiting.append(connection)
        self._changed.set()

    def address(self) -> str:
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def accept(self) -> Connection:
        while not self._waiting:
            if self._closed:
                raise Failure("Io", "the listener was closed while this waited for a connection")
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()

    async def aclose(self) -> None:
        # Without a wait: from Python 3.12 on `wait_closed` waits for connections that have owners of their own.
        self._closed = True
        if self._server is not None:
            self._server.close()
        while self._waiting:
            self._waiting.popleft().abort()
        self._changed.set()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise Failure("Io", f"the connection broke: {failure}", connected=True) from failure


@sysop("baml.net.listen", throws=("Io", "InvalidArgument"), group="sockets")
async def listen(context: Context, address: str) -> Handle:
    host, port = _parts(address)
    listener = Listener()
    # Owned before it listens: whatever stops us meanwhile, the scope closes it.
    handle = context.host.scope.open("baml.net.TcpListener", listener)
    try:
        await listener.listen(host, port)
    except OSError as failure:
        await context.host.scope.close(handle)
        raise Failure("Io", f"{address}: {failure.strerror or failure}", connected=False) from failure
    return handle


def _parts(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    try:
        found = ip_address("127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]"))
        if not (port.isascii() and port.isdigit() and int(port) <= 65535):
            raise ValueError(port)
    except ValueError as failure:
        message = f"`{address}` is no address of this machine: write an IP address and a port, 127.0.0.1:8080"
        raise Failure("InvalidArgument", message) from failure
    return str(found), int(port)


@sysop("baml.net.TcpListener.address")
def address(context: Context, listener: Handle) -> str:
    return resource(context, listener, Listener).address()


@sysop("baml.net.TcpListener.accept", throws=("Io",))
async def accept(context: Context, listener: Handle) -> Handle:
    connection = await resource(context, listener, Listener).accept()
    return context.host.scope.open("baml.net.TcpStream", connection)


@sysop("baml.net.TcpListener.close")
async def close_listener(context: Context, listener: Handle) -> None:
    await context.host.scope.close(listener)


@sysop("baml.net.TcpStream.read", throws=("Io",))
async def read(context: Context, stream: Handle) -> bytes:
    return await resource(context, stream, Connection).read()


@sysop("baml.net.TcpStream.write", throws=("Io",))
async def write(context: Context, stream: Handle, data: bytes) -> int:
    return await resource(context, stream, Connection).write(data)


@sysop("baml.net.TcpStream.close")
async def close_stream(context: Context, stream: Handle) -> None:
    await context.host.scope.close(stream)
