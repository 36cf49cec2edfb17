"""What carries exchanges: httpx clients, and which of their connections serves the next one.

Closing a response half-way waits for a turn of the loop before it touches the socket, so it is let finish: the
turn comes even if the caller is cancelled once more while it waits.
"""

from __future__ import annotations

import http.cookiejar
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from ..records import dataclass
from .closing import let_finish
from .message import HttpOptions
from .trust import Trust

MAX_IDLE_CONNECTIONS = 100
MAX_IDLE_SECONDS = 30.0
"""Longer than the pause between two calls of a conversation, shorter than servers wait."""

MakeClient = Callable[..., httpx.AsyncClient]


@dataclass(eq=False, slots=True)
class Lane:
    """A client that carries one exchange at a time to one origin, and so owns one connection.

    An exchange ends with exactly one of `give_back` and `drop`.
    """

    lanes: Connections
    origin: tuple[str, str, int | None]
    client: httpx.AsyncClient
    # What its connection has read, once it has served.
    heard: Any = None

    def met_closed(self, failure: httpx.HTTPError) -> bool:
        """Whether the server closed a connection that had served before, and said nothing to the request that met
        it: then that may go out once more."""
        is_gone = isinstance(failure, httpx.NetworkError | httpx.RemoteProtocolError)
        return is_gone and self.heard is not None and not self.heard.trailing_data[0]

    async def give_back(self, response: httpx.Response) -> None:
        """The answer was read to its end, so its connection may serve again."""
        self.heard = _reader_of(response)
        if _something_waits(response):
            await self.lanes.close(self)
        else:
            await self.lanes.keep(self)

    async def drop(self) -> None:
        """Close the connection, whatever is under way on it."""
        await self.lanes.close(self)


class Connections:
    """Each exchange has a client of its own, for 60 µs and 2.4 kB.

    In a pool of httpx all waiting requests run for each idle connection and look at all others on the way: with
    200 streams that cost 48 ms of CPU a stream, against 6 ms like this. A stream that is cancelled twice goes at
    once, which a client that carries others cannot do. The price: HTTP/2 shares no connection.
    """

    def __init__(self, make_client: MakeClient, trust: Trust, max_idle: int = MAX_IDLE_CONNECTIONS) -> None:
        self._make_client = make_client
        self._trust = trust
        self._max_idle = max_idle
        self._all: set[Lane] = set()
        self._idle: list[Lane] = []
        self._closed = False

    def take(self, url: httpx.URL, *, fresh: bool) -> Lane:
        """`fresh` wants a connection that has not served."""
        self.check_open()
        origin = (url.scheme, url.host, url.port)
        # Out of the list before it is used, with no await on the way: a lane carries one exchange.
        # The newest first: it is the least likely to have expired.
        for index in () if fresh else reversed(range(len(self._idle))):
            if self._idle[index].origin == origin:
                return self._idle.pop(index)
        lane = Lane(self, origin, self._make_client(verify=self._trust.context()))
        self._all.add(lane)
        return lane

    def check_open(self) -> None:
        if self._closed:
            raise RuntimeError("the transport is closed")

    async def keep(self, lane: Lane) -> None:
        assert lane not in self._idle, "given back twice"
        # Closed meanwhile: `aclose` has emptied the list, and nobody would empty it again.
        if self._closed or len(self._idle) >= self._max_idle:
            # This one and not the oldest, which may be about to be taken: it is the one that is in our hands.
            await self.close(lane)
        else:
            self._idle.append(lane)

    async def close(self, lane: Lane) -> None:
        # Discarded before it is closed, so that `_close_all`, which may run beside this, comes to an end.
        self._all.discard(lane)
        await let_finish(lane.client.aclose())

    async def aclose(self) -> None:
        """Close every connection. Answers still being read break off."""
        # Closed before anything is awaited: from here on no lane is taken, and one that is given back is not kept.
        self._closed = True
        self._idle.clear()
        await let_finish(self._close_all())

    async def _close_all(self) -> None:
        # Not a loop over the set: exchanges that end meanwhile take their lanes out of it.
        while self._all:
            await self.close(next(iter(self._all)))


def _something_waits(response: httpx.Response) -> bool:
    """Whether the server has said more than the answer, which would be taken for the answer to the next request.

    Neither httpx nor httpcore tells, so this looks where they keep it. If they keep it elsewhere one day, no
    connection serves twice, which a test of the transport notices.
    """
    if response.http_version == "HTTP/2":
        return False  # there every frame names its exchange
    waiting, _ = getattr(_reader_of(response), "trailing_data", (b"unknown", False))
    return bool(waiting)


def _reader_of(response: httpx.Response) -> Any:
    """What reads the connection of a response; None over HTTP/2, and should it be kept elsewhere one day."""
    found: Any = response.stream
    for name in ("_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state"):
        found = getattr(found, name, None)
    return found


def new_connections(options: HttpOptions, trust: Trust) -> Connections:
    limits = httpx.Limits(keepalive_expiry=MAX_IDLE_SECONDS)
    return Connections(partial(_client, http2=options.http2, proxy=options.proxy, limits=limits), trust)


def new_pinned_connections(options: HttpOptions, trust: Trust) -> Connections:
    """For addresses in the place of names. None serves twice: at one address are sites with different names."""
    return Connections(partial(_client, http2=options.http2, proxy=options.proxy), trust, max_idle=0)


def _client(**options: Any) -> httpx.AsyncClient:
    # The answer to one call must not change the next, so no cookie is kept.
    no_cookies = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(cookies=no_cookies, follow_redirects=False, **options)
