"""The HTTP transport: a `Request` goes out, its answer comes back as it arrives.

Every failure leaves it as a `TransportError` whose message is for people. There is no limit on time here but that
for connecting: deadlines belong to the callers, who cancel. Nothing is followed, decoded into text, retried or
remembered.
"""

from __future__ import annotations

from typing import TypeVar

from .._version import __version__
from .addresses import public_address
from .closing import let_finish
from .engines import check_engine, parser_for
from .h1.exchange import Opening, opening_of
from .h1.pool import Pool, framing_of
from .message import HttpOptions, Request, Response
from .over_httpx import OverHttpx
from .proxies import Proxies
from .trust import Trust
from .urls import Address, address_of, sent_headers

MOST_KEPT = 64  # addresses that are kept taken apart, and beginnings of requests

_USER_AGENT = f"bamlet/{__version__}"

T = TypeVar("T")
U = TypeVar("U")


class HttpTransport:
    """Opens exchanges over connections that it owns and reuses. Bound to one event loop."""

    def __init__(self, options: HttpOptions | None = None) -> None:
        options = options or HttpOptions()
        check_engine(options)
        self._trust = Trust()
        self._proxies = Proxies(options.proxy)
        self._parser = parser_for(options)
        self._pool = None if self._parser is None else Pool(self._parser, self._trust.context)
        self._over_httpx = OverHttpx(options, self._trust, self._proxies)
        self._addresses: dict[str, Address] = {}
        self._openings: dict[object, Opening] = {}

    def load(self) -> None:
        """What the first exchange would load. It may run in another thread than the loop's."""
        if self._parser is not None:
            framing_of(self._parser)
        self._trust.context()

    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        """Send the request and wait for the head of the answer. Raises `TransportError`."""
        address = self._address(request.url)
        if self._pool is None or self._proxies.before(address.url) is not None:
            headers = sent_headers(request, address, _USER_AGENT)
            pinned = await _pinned(request, address)
            return await self._over_httpx.open(request, address, headers, connect_timeout, pinned)
        outgoing = self._opening(request, address).before(request.body)
        origin = address.origin.at(await _pinned(request, address)) if request.public_only else address.origin
        return await self._pool.ask(origin, address.authority, outgoing, connect_timeout)

    def _address(self, url: str) -> Address:
        """Clients ask few addresses again and again, and to take one apart is a tenth of what a call costs."""
        address = self._addresses.get(url)
        if address is None:
            address = address_of(url)
            _keep(self._addresses, url, address)
        return address

    def _opening(self, request: Request, address: Address) -> Opening:
        key = request.method, request.url, request.headers
        opening = self._openings.get(key)
        if opening is None:
            headers = sent_headers(request, address, _USER_AGENT)
            opening = opening_of(request.method, address.target, address.authority, headers)
            _keep(self._openings, key, opening)
        return opening

    async def aclose(self) -> None:
        """Close every connection. Answers still being read break off."""
        await let_finish(self._close_both())

    async def _close_both(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()
        await self._over_httpx.aclose()


async def _pinned(request: Request, address: Address) -> str | None:
    """Looked up before, and gone to then: asked again, a name server might give another address."""
    origin = address.origin
    return await public_address(origin.host, origin.port) if request.public_only else None


def _keep(table: dict[T, U], key: T, value: U) -> None:
    if len(table) >= MOST_KEPT:
        table.clear()
    table[key] = value
