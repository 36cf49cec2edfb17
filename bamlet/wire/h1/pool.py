"""The connections: which one carries the next exchange, and which are kept."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from ..connections import MAX_IDLE_CONNECTIONS, MAX_IDLE_SECONDS
from ..engines import Parser
from ..failures import reason_of
from ..message import ConnectError, ConnectTimeout, NoAnswer
from .answer import Answer
from .connecting import connect, connect_over_tls
from .connection import Connection
from .exchange import Framing, Origin, Outgoing


def framing_of(parser: Parser) -> Callable[[], Framing]:
    """Loaded with the first exchange, or before it."""
    if parser == "httptools":
        from .over_httptools import HttptoolsFraming

        return HttptoolsFraming
    from .over_h11 import H11Framing

    return H11Framing


class Pool:
    """Bound to one event loop."""

    def __init__(self, parser: Parser, tls: Callable[[], ssl.SSLContext]) -> None:
        self._parser = parser
        self._tls = tls
        self._all: set[Connection] = set()
        # The oldest first.
        self._idle: list[Connection] = []
        self._closed = False
        self._emptied: asyncio.Future[None] | None = None

    async def ask(self, origin: Origin, peer: str, outgoing: Outgoing, connect_timeout: float | None) -> Answer:
        """A server may close a kept connection while a request is on its way. Nothing was answered then, so the
        request goes out once more, on a connection that has not served: another kept one may be closed as well.

        Raises `TransportError`.
        """
        self._check_open()
        # Nothing is awaited between taking a connection and the exchange: it is in no list meanwhile.
        kept = self._take(origin)
        if kept is not None:
            try:
                return await kept.ask(outgoing)
            except (NoAnswer, ConnectError):
                if kept.heard or self._closed:
                    raise
        return await (await self._connect(origin, peer, connect_timeout)).ask(outgoing)

    def hold(self, connection: Connection) -> None:
        self._all.add(connection)

    def keep(self, connection: Connection) -> None:
        assert connection not in self._idle, "given back twice"
        # An address that was settled stands for one request.
        if self._closed or connection.origin.address is not None or len(self._idle) >= MAX_IDLE_CONNECTIONS:
            # This one and not the oldest, which may be about to be taken: it is the one that is in our hands.
            connection.drop()
        else:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)

    def forget(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._all and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    async def aclose(self) -> None:
        """Close every connection. Answers still being read break off."""
        self._closed = True
        self._idle.clear()
        for connection in [*self._all]:
            connection.close()
        if self._all:
            # Each is forgotten by the loop, within a turn or two.
            self._emptied = self._emptied or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._emptied)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("the transport is closed")

    def _take(self, origin: Origin) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - MAX_IDLE_SECONDS
        while self._idle and self._idle[0].idle_since < oldest:
            self._idle.pop(0).drop()
        # The newest first: it is the least likely to have expired.
        for index in reversed(range(len(self._idle))):
            known = self._idle[index].origin
            if known is origin or known == origin:
                connection = self._idle.pop(index)
                if connection.is_open:
                    return connection
        return None

    async def _connect(self, origin: Origin, peer: str, limit: float | None) -> Connection:
        try:
            async with asyncio.timeout(limit):
                connection = await self._connected(origin, peer)
        except TimeoutError as failure:
            # The system has a limit too, and says so with a number.
            shown = "the time of the system" if limit is None or failure.errno else f"{limit:g} s"
            raise ConnectTimeout(f"no connection to {peer} within {shown}") from failure
        except (OSError, ValueError) as failure:
            raise ConnectError(f"cannot connect to {peer}: {reason_of(failure)}") from failure
        if self._closed:
            # While it was made, so that nobody has closed it.
            connection.drop()
            self._check_open()
        return connection

    async def _connected(self, origin: Origin, peer: str) -> Connection:
        connection = Connection(self, origin, peer, framing_of(self._parser)())
        where = origin.address or origin.host
        if origin.over_tls:
            await connect_over_tls(connection, where, origin.port, self._tls(), origin.host)
        else:
            await connect(connection, where, origin.port)
        return connection
