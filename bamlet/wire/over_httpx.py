"""Exchanges over httpx: what goes through a proxy or over HTTP/2, or is to go this way."""

from __future__ import annotations

import enum
import logging
from collections.abc import AsyncIterator
from contextvars import ContextVar

import httpx

from .closing import let_finish
from .connections import Connections, Lane, new_connections, new_pinned_connections
from .failures import raise_broken_body, raise_not_opened
from .heads import check_foreign
from .message import BrokenBody, ConnectError, HttpOptions, Request
from .proxies import Proxies
from .trust import Trust
from .unpacking import unpacking_for
from .urls import Address

# Of the request that is being sent, since a record of httpx's log knows its URL only.
_secrets: ContextVar[tuple[str, ...]] = ContextVar("_secrets", default=())


def _without_keys(record: logging.LogRecord) -> bool:
    """httpx logs the URL of every request, which may hold a key."""
    if isinstance(record.args, tuple):
        record.args = tuple(_loggable(value) for value in record.args)
    return True


def _loggable(value: object) -> object:
    from .redact import hide, redact_url

    return hide(redact_url(str(value)), _secrets.get()) if isinstance(value, httpx.URL) else value


def _without_words(record: logging.LogRecord) -> bool:
    """httpcore logs what a server said, which may be a key: what it was doing is enough."""
    record.msg, record.args = record.getMessage().partition(" ")[0], ()
    return True


logging.getLogger("httpx").addFilter(_without_keys)
# A filter of a logger does not see the records of those below it.
for _part in ("connection", "http11", "http2", "proxy", "socks"):
    logging.getLogger(f"httpcore.{_part}").addFilter(_without_words)


class _State(enum.Enum):
    OPEN = "open"  # bytes may still come
    ENDED = "ended"  # the server finished, or the connection broke; nothing is left to release
    CLOSED = "closed"  # we stopped first; the connection is gone


class HttpxResponse:
    """An answer whose head has arrived."""

    def __init__(self, response: httpx.Response, lane: Lane) -> None:
        self.status = response.status_code
        self.http_version = response.http_version
        self.headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw
        )
        self._response = response
        self._lane = lane
        self._state = _State.OPEN

    async def chunks(self) -> AsyncIterator[bytes]:
        """The decoded body as it arrives. Raises `TransportError` when it breaks off."""
        unpacking = unpacking_for(self._response.headers.get("content-encoding", ""))
        try:
            async for received in self._response.aiter_raw():
                for chunk in unpacking.feed(received):
                    yield chunk
        except httpx.HTTPError as failure:
            # What breaks because we closed it under a reader is no fault of the peer's.
            if self._state is _State.CLOSED:
                raise BrokenBody("the answer was closed while it was being read") from failure
            self._state = _State.ENDED
            await self._lane.drop()
            raise_broken_body(failure)
        if self._state is _State.OPEN:
            # The state first: once given back, the lane may carry the exchange of somebody else, which an `aclose`
            # of this answer must not drop. Unpacking is last, since what was packed badly was framed well.
            self._state = _State.ENDED
            await self._lane.give_back(self._response)
            unpacking.finish()

    async def aclose(self) -> None:
        """Release the socket, also half-way. Never raises; may be called twice."""
        if self._state is _State.OPEN:
            self._state = _State.CLOSED  # before the await: a reader wakes while it goes on
            await self._lane.drop()


class OverHttpx:
    def __init__(self, options: HttpOptions, trust: Trust, proxies: Proxies) -> None:
        self._proxies = proxies
        self._connections = new_connections(options, trust)
        self._pinned = new_pinned_connections(options, trust)

    async def open(
        self,
        request: Request,
        address: Address,
        headers: tuple[tuple[str, str], ...],
        connect_timeout: float | None,
        pinned: str | None,
    ) -> HttpxResponse:
        """`pinned` is where to send it, if that was settled. Raises `TransportError`."""
        # Built by hand and not by the client, which would add headers of its own.
        outgoing = httpx.Request(
            request.method,
            address.url,
            headers=headers,
            content=request.body,
            extensions={"timeout": httpx.Timeout(None, connect=connect_timeout).as_dict()},
        )
        connections = self._connections
        if pinned is not None:
            # The Host field was written from the name already.
            outgoing.url = address.url.copy_with(host=pinned)
            outgoing.extensions["sni_hostname"] = address.url.host
            connections = self._pinned
        try:
            return await _exchange(connections, request, outgoing)
        except httpx.HTTPError as failure:
            raise_not_opened(failure, outgoing.url, self._proxies.before(outgoing.url), connect_timeout)

    async def aclose(self) -> None:
        """Close every connection. Answers still being read break off."""
        await self._connections.aclose()
        await self._pinned.aclose()


async def _exchange(connections: Connections, request: Request, outgoing: httpx.Request) -> HttpxResponse:
    """A server may close a kept connection while a request is on its way. Nothing was answered then, so the
    request goes out once more, on a connection that has not served: another kept one may be closed as well."""
    for fresh in (False, True):
        try:
            lane = connections.take(outgoing.url, fresh=fresh)
        except (ImportError, ValueError, httpx.InvalidURL) as failure:
            # Making a client reads the proxy, from the options or the environment.
            raise ConnectError(f"the proxy cannot be used: {failure}") from failure
        # Nothing is awaited between taking a lane and the `try`: one that was lost there would be in no list.
        response: httpx.Response | None = None
        secrets = _secrets.set(request.secrets)
        try:
            response = await lane.client.send(outgoing, stream=True)
            await _check_open(connections, response)
            opened = HttpxResponse(response, lane)
            check_foreign(opened.headers)
            return opened
        except BaseException as failure:
            # A cancellation above all: nobody has the answer yet, so nobody else can close its connection.
            await lane.drop()
            if fresh or not isinstance(failure, httpx.HTTPError) or not lane.met_closed(failure):
                raise
        finally:
            _secrets.reset(secrets)
    raise AssertionError("the second round has returned or raised")


async def _check_open(connections: Connections, response: httpx.Response) -> None:
    """A client that is closed while it connects goes on, and closes nothing when it is closed once more."""
    try:
        connections.check_open()
    except RuntimeError:
        await let_finish(response.aclose())
        raise
