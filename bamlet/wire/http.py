"""The HTTP transport: a `Request` goes out through httpx, its answer comes back as it arrives.

The only module that knows httpx. Every failure leaves it as a `TransportError` whose message is for
people. There is no limit on time here but that for connecting: deadlines belong to the callers, who
cancel. Nothing is followed, decoded into text, retried or remembered.
"""

from __future__ import annotations

import asyncio
import enum
import http.cookiejar
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import NoReturn

import httpx

from .._version import __version__
from .message import (
    BrokenBody,
    ConnectError,
    ConnectionReset,
    ConnectTimeout,
    InvalidRequest,
    NoAnswer,
    ProtocolError,
    Request,
    TransportError,
)

MAX_HEAD_BYTES = 64 * 1024
MAX_HEAD_FIELDS = 128
MAX_INFLATION = 20
"""Decoded bytes for one byte on the wire, once a body is past `INFLATION_FREE_BYTES`."""
INFLATION_FREE_BYTES = 1 << 20
MAX_IDLE_CONNECTIONS = 100
MAX_IDLE_SECONDS = 30.0
"""Longer than the pause between two calls of a conversation, shorter than servers wait."""

_USER_AGENT = f"bamlet/{__version__}"

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e]*")


class _State(enum.Enum):
    OPEN = "open"  # bytes may still come
    ENDED = "ended"  # the server finished, or the connection broke; nothing is left to release
    CLOSED = "closed"  # we stopped first; the connection is gone


@dataclass(eq=False, slots=True)
class _Lane:
    """An httpx client that carries one exchange at a time to one origin, and so owns one connection."""

    origin: tuple[str, str, int | None]
    client: httpx.AsyncClient


class _Lanes:
    """The connections, those in use and those kept for another exchange.

    Each has a client of its own, for 60 µs and 2.4 kB. In a pool of httpx all waiting requests run for each
    idle connection and look at all others on the way: with 200 streams that cost 48 ms of CPU a stream,
    against 6 ms like this.
    """

    def __init__(self) -> None:
        self._all: set[_Lane] = set()
        self._idle: list[_Lane] = []
        self._closed = False
        # Made on first use: reading the certificates of the system takes some 20 ms.
        self._tls: ssl.SSLContext | None = None

    def take(self, url: httpx.URL) -> _Lane:
        if self._closed:
            raise RuntimeError("the transport is closed")
        origin = (url.scheme, url.host, url.port)
        # The newest first: it is the least likely to have expired.
        for index in reversed(range(len(self._idle))):
            if self._idle[index].origin == origin:
                return self._idle.pop(index)
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        lane = _Lane(origin, _new_client(self._tls))
        self._all.add(lane)
        return lane

    async def give_back(self, lane: _Lane) -> None:
        """The answer was read to its end, so the connection may serve again."""
        if self._closed or len(self._idle) >= MAX_IDLE_CONNECTIONS:
            await self.drop(lane)
        else:
            self._idle.append(lane)

    async def drop(self, lane: _Lane) -> None:
        """Close the connection, whatever is under way on it."""
        self._all.discard(lane)
        # Closing waits for a turn of the loop before it touches the socket. In a task of its own that
        # turn comes, even if ours is cancelled once more while it waits.
        await asyncio.shield(asyncio.ensure_future(lane.client.aclose()))

    async def aclose(self) -> None:
        self._closed = True
        self._idle.clear()
        while self._all:
            await self.drop(next(iter(self._all)))


class HttpResponse:
    """An answer whose head has arrived."""

    def __init__(self, response: httpx.Response, lane: _Lane, lanes: _Lanes) -> None:
        self.status = response.status_code
        self.http_version = response.http_version
        self.headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw
        )
        self._response = response
        self._lane = lane
        self._lanes = lanes
        self._state = _State.OPEN

    async def chunks(self) -> AsyncIterator[bytes]:
        """The decoded body as it arrives. Raises `TransportError` when it breaks off."""
        received = 0
        try:
            async for chunk in self._response.aiter_bytes():
                received += len(chunk)
                if received > INFLATION_FREE_BYTES:
                    self._check_inflation(received)
                yield chunk
        except httpx.HTTPError as failure:
            if self._state is _State.CLOSED:
                raise BrokenBody("the answer was closed while it was being read") from failure
            self._state = _State.ENDED
            await self._lanes.drop(self._lane)
            _raise_broken_body(failure)
        if self._state is _State.OPEN:
            self._state = _State.ENDED
            await self._lanes.give_back(self._lane)

    async def aclose(self) -> None:
        """Release the socket, also half-way. Never raises; may be called twice."""
        if self._state is _State.OPEN:
            self._state = _State.CLOSED
            await self._lanes.drop(self._lane)

    def _check_inflation(self, received: int) -> None:
        if received > MAX_INFLATION * self._response.num_bytes_downloaded:
            encoding = self._response.headers.get("content-encoding")
            raise ProtocolError(f"the {encoding} body unpacks to more than {MAX_INFLATION} times its size")


class HttpTransport:
    """Opens exchanges over connections that it owns and reuses. Bound to one event loop."""

    def __init__(self) -> None:
        self._lanes = _Lanes()

    async def open(self, request: Request, *, connect_timeout: float | None) -> HttpResponse:
        """Send the request and wait for the head of the answer. Raises `TransportError`."""
        outgoing = _outgoing(request, connect_timeout)
        lane = self._lanes.take(outgoing.url)
        try:
            response = await lane.client.send(outgoing, stream=True)
            _check_head(response)
        except httpx.HTTPError as failure:
            await self._lanes.drop(lane)
            _raise_not_opened(failure, outgoing.url, connect_timeout)
        except BaseException:
            await self._lanes.drop(lane)
            raise
        return HttpResponse(response, lane, self._lanes)

    async def aclose(self) -> None:
        """Close every connection. Answers still being read break off."""
        await self._lanes.aclose()


def _new_client(tls: ssl.SSLContext) -> httpx.AsyncClient:
    # The answer to one call must not change the next, so no cookie is kept.
    no_cookies = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(
        verify=tls,
        cookies=no_cookies,
        limits=httpx.Limits(keepalive_expiry=MAX_IDLE_SECONDS),
        follow_redirects=False,
    )


def _outgoing(request: Request, connect_timeout: float | None) -> httpx.Request:
    """Built by hand and not by the client, which would add headers of its own."""
    for name, value in request.headers:
        if not (_FIELD_NAME.fullmatch(name) and _FIELD_VALUE.fullmatch(value)):
            # Without the value, which may be a key.
            raise InvalidRequest(f"the header {name!r} holds a character that HTTP does not allow")
    headers = request.headers
    if not any(name.lower() == "user-agent" for name, _ in headers):
        headers = (*headers, ("user-agent", _USER_AGENT))
    timeout = httpx.Timeout(None, connect=connect_timeout).as_dict()
    try:
        return httpx.Request(
            request.method,
            request.url,
            headers=headers,
            content=request.body,
            extensions={"timeout": timeout},
        )
    except httpx.InvalidURL as failure:
        raise InvalidRequest(f"the URL of the request is malformed: {failure}") from failure


def _check_head(response: httpx.Response) -> None:
    fields = response.headers.raw
    if len(fields) > MAX_HEAD_FIELDS:
        raise ProtocolError(f"the head of the answer has more than {MAX_HEAD_FIELDS} fields")
    if sum(len(name) + len(value) + 4 for name, value in fields) > MAX_HEAD_BYTES:
        raise ProtocolError(f"the head of the answer is longer than {MAX_HEAD_BYTES} bytes")


def _raise_not_opened(failure: httpx.HTTPError, url: httpx.URL, connect_timeout: float | None) -> NoReturn:
    peer = url.netloc.decode("ascii")
    match failure:
        case httpx.ConnectTimeout():
            limit = "the time of the system" if connect_timeout is None else f"{connect_timeout:g} s"
            raise ConnectTimeout(f"no connection to {peer} within {limit}") from failure
        case httpx.ConnectError() | httpx.ProxyError():
            raise ConnectError(f"cannot connect to {peer}: {_reason(failure)}") from failure
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            raise InvalidRequest(f"the request cannot be sent: {failure}") from failure
        case httpx.RemoteProtocolError() if not _is_disconnect(failure):
            raise ProtocolError(f"{peer} answered with something that is not HTTP: {failure}") from failure
        case httpx.RemoteProtocolError() | httpx.NetworkError():
            raise NoAnswer(f"{peer} closed the connection without an answer") from failure
        case _:
            raise TransportError(f"the request to {peer} failed: {failure}") from failure


def _raise_broken_body(failure: httpx.HTTPError) -> NoReturn:
    match failure:
        case httpx.RemoteProtocolError() if _is_disconnect(failure):
            raise BrokenBody("the connection was closed before the end of the answer") from failure
        case httpx.NetworkError():
            raise ConnectionReset("the connection was reset before the end of the answer") from failure
        case httpx.DecodingError():
            raise ProtocolError(f"the body is not what its content-encoding says: {failure}") from failure
        case httpx.ProtocolError():
            raise ProtocolError(f"the body is not framed as HTTP asks: {failure}") from failure
        case _:
            raise BrokenBody(f"the answer broke off: {failure}") from failure


def _is_disconnect(failure: httpx.RemoteProtocolError) -> bool:
    """Whether the peer merely went away. httpx has one class for that and for nonsense: the text decides."""
    return str(failure).startswith(("peer closed connection", "Server disconnected"))


def _reason(failure: BaseException) -> str:
    """What the system said, from under the layers that wrap it."""
    cause: BaseException | None = failure
    said = str(failure)
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):
            # One address of the host after another was tried. The last is as good as any.
            cause = cause.exceptions[-1]
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted ({cause.verify_message})"
            case ssl.SSLError():
                return f"TLS failed ({cause.reason})"
            case socket.gaierror():
                return f"the host name is unknown ({cause.strerror})"
            case OSError(errno=int() as number):
                # Not `strerror`: asyncio puts words of its own there.
                said = os.strerror(number).lower()
        cause = cause.__cause__ or cause.__context__
    return said
