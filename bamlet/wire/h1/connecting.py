"""A host and a port in, a protocol that is connected out: its addresses are tried a quarter of a second apart.

By hand, since uvloop has no such thing; and so that both loops do the same.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from itertools import chain, zip_longest
from typing import Any, TypeAlias

from .tls import Tls

NEXT_ADDRESS_SECONDS = 0.25
"""How long an address has before the next one is tried beside it (RFC 8305)."""

Place: TypeAlias = "tuple[socket.AddressFamily, Any]"


async def connect(protocol: asyncio.Protocol, host: str, port: int) -> None:
    """Raises `OSError`."""
    connected = await _connected_socket(host, port)
    await asyncio.get_running_loop().create_connection(lambda: protocol, sock=connected)


async def connect_over_tls(
    protocol: asyncio.Protocol, host: str, port: int, trust: ssl.SSLContext, name: str
) -> None:
    """Raises `ssl.SSLError`, which is an `OSError`, if what is there is not who has that name."""
    # Each time, since httpx sets it to what it speaks.
    trust.set_alpn_protocols(["http/1.1"])
    tls = Tls(protocol, trust, name)
    await connect(tls, host, port)
    try:
        await tls.secured
    except BaseException:
        tls.abort()
        raise


async def _connected_socket(host: str, port: int) -> socket.socket:
    """Of several addresses, raises what the last failed with."""
    places = await places_of(host, port)
    return await (_connect(places[0]) if len(places) == 1 else first_of(places))


async def places_of(host: str, port: int) -> list[Place]:
    name = host.encode("ascii")  # for characters Python would load tables, of what is written in these already
    try:
        # What is an address needs no name server, and so no thread.
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    first = found[0][0]
    places = [(family, place) for family, _, _, _, place in found]
    # The families take turns, so that one that leads nowhere holds the other up once.
    turns = zip_longest([at for at in places if at[0] == first], [at for at in places if at[0] != first])
    return [place for place in chain.from_iterable(turns) if place is not None]


async def _connect(place: Place) -> socket.socket:
    family, address = place
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, address)
    except BaseException:
        connecting.close()
        raise
    return connecting


async def first_of(places: list[Place]) -> socket.socket:
    untried = iter(places)
    trying: set[asyncio.Task[socket.socket]] = set()
    failure: BaseException | None = None
    try:
        while True:
            if (place := next(untried, None)) is not None:
                trying.add(asyncio.create_task(_connect(place)))
            elif not trying:
                assert failure is not None, "each of them has failed"
                raise failure
            limit = NEXT_ADDRESS_SECONDS if place is not None else None
            done, trying = await asyncio.wait(trying, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            connected = [attempt for attempt in done if attempt.exception() is None]
            if connected:
                trying |= {*connected[1:]}
                return connected[0].result()
            failure = next((attempt.exception() for attempt in done), failure)
    finally:
        # Not waited for: nothing here may hold up a cancellation, and each closes what it has made.
        for attempt in trying:
            attempt.add_done_callback(_let_go)
            attempt.cancel()


def _let_go(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
