"""An httpx transport that lets aiohttp move the bytes: an `httpx.Request` in, an `httpx.Response` out.

aiohttp's pool bears hundreds of live streams at a third of the price of httpx's own. The published adapter of the
two re-quotes paths, which breaks signed requests, and calls every lost connection a connect timeout.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from functools import partial
from typing import Any
from weakref import WeakSet

import aiohttp
import httpx
from aiohttp.http_exceptions import (
    BadHttpMessage,
    ContentLengthError,
    HttpProcessingError,
    LineTooLong,
    TransferEncodingError,
)
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .failures import MetClosed
from .proxies import Proxies

# What aiohttp would add to a request by itself; ours go out as they are.
_ADDED_HEADERS = ("accept", "accept-encoding", "content-type", "user-agent")

# In words that `failures` knows from httpx.
_PEER_CLOSED = "peer closed connection without sending complete message body"
_DISCONNECTED = "Server disconnected without sending a response."


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Bound to the event loop of its first request. `proxy` is the URL of a proxy for everything, `tls` is whom to
    trust."""

    def __init__(
        self, *, idle_seconds: float, max_field_bytes: int, proxy: str | None, tls: Callable[[], ssl.SSLContext]
    ) -> None:
        self._idle_seconds = idle_seconds
        self._max_field_bytes = max_field_bytes
        # aiohttp would read the same variables, but with them `~/.netrc`, in a thread, for each request.
        self._proxies = Proxies(proxy)
        self._tls = tls
        self._opened: aiohttp.ClientSession | None = None

    def _session(self) -> aiohttp.ClientSession:
        """Made on first use: it wants a running loop."""
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=_Connector(limit=0, keepalive_timeout=self._idle_seconds, ssl=self._tls()),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_ADDED_HEADERS,
                auto_decompress=False,
                max_line_size=self._max_field_bytes,
                max_field_size=self._max_field_bytes,
            )
        return self._opened

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        limits = request.extensions.get("timeout", {})
        proxy = self._proxies.before(request.url)
        _wants_fresh.set(request.extensions.get("fresh", False))
        _served_before.set(False)
        if proxy is not None and not proxy.lower().startswith(("http://", "https://")):
            raise httpx.ProxyError("aiohttp speaks to proxies of http only; use the engine httpx", request=request)
        try:
            response = await self._session().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=request.content or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect")),
                proxy=proxy,
            )
        except (aiohttp.ClientError, TimeoutError) as failure:
            _forget_request(failure)
            if _served_before.get() and _is_silence(failure):
                raise MetClosed(_DISCONNECTED, request=request) from failure
            raise _not_opened(failure, request) from failure
        version = response.version or aiohttp.HttpVersion11
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=_Body(response),
            request=request,
            extensions={"http_version": f"HTTP/{version.major}.{version.minor}".encode()},
        )

    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    def __del__(self) -> None:
        # A runtime that nobody closed ends with its process, without a word.
        if self._opened is not None:
            self._opened.detach()


# Of the request that this task is sending: what it wants of its connection, and what it got. The session asks the
# connector in the same task, and hands through nothing of ours; so streams that open at once do not mix them up.
_wants_fresh: ContextVar[bool] = ContextVar("_wants_fresh", default=False)
_served_before: ContextVar[bool] = ContextVar("_served_before", default=False)


class _Connector(aiohttp.TCPConnector):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._known: WeakSet[aiohttp.client_proto.ResponseHandler] = WeakSet()

    async def connect(self, *arguments: Any, **options: Any) -> aiohttp.connector.Connection:
        """A connection on which nothing waits: what a server said unasked would be taken for the next answer."""
        while True:
            connection = await super().connect(*arguments, **options)
            protocol = connection.protocol
            if protocol is None:
                return connection
            served = protocol in self._known
            if not protocol.should_close and not (served and _wants_fresh.get()):
                self._known.add(protocol)
                _served_before.set(served)
                return connection
            connection.close()

    def __del__(self, _warnings: object = None) -> None: ...  # as above: no word


class _Body(httpx.AsyncByteStream):
    """The bytes of an answer as they come, still encoded."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._closed: asyncio.Future[None] | None = None
        if (connection := response.connection) is not None and (protocol := connection.protocol) is not None:
            # When the framing turns bad after the head, aiohttp closes the socket and tells nobody who reads.
            self._closed = protocol.closed
            self._end = partial(_end_body, response.content, protocol)
            if self._closed is not None:
                self._closed.add_done_callback(self._end)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, HttpProcessingError) as failure:
            raise _broken(failure) from failure

    async def aclose(self) -> None:
        # A connection outlives many answers: it must not remember them all. And before it closes, which would call
        # this and take our own closing for the peer's.
        if self._closed is not None:
            self._closed.remove_done_callback(self._end)
        # Released only when nothing of this answer is left on the connection, which then serves again.
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()


def _end_body(
    content: aiohttp.StreamReader, protocol: aiohttp.client_proto.ResponseHandler, closed: asyncio.Future[None]
) -> None:
    lost = None if closed.cancelled() else closed.exception()
    if not content.is_eof() and content.exception() is None:
        content.set_exception(protocol.exception() or lost or aiohttp.ClientPayloadError(_PEER_CLOSED))


def _forget_request(failure: Exception) -> None:
    """aiohttp's error would carry our headers and the URL, keys and all, wherever it goes."""
    if isinstance(failure, aiohttp.ClientResponseError):
        url = failure.request_info.real_url.with_query(None)
        no_headers = CIMultiDictProxy(CIMultiDict[str]())
        failure.request_info = aiohttp.RequestInfo(url, failure.request_info.method, no_headers, url)
        failure.args = (failure.request_info, failure.history)


def _is_silence(failure: Exception) -> bool:
    """Whether the connection is gone and nothing came before: half a head would stand in the message."""
    if isinstance(failure, aiohttp.ServerDisconnectedError):
        return isinstance(failure.message, str)
    return isinstance(failure, aiohttp.ClientOSError) and not isinstance(failure, aiohttp.ClientConnectorError)


def _not_opened(failure: Exception, request: httpx.Request) -> httpx.TransportError:
    said = str(failure)
    match failure:
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return httpx.ProxyError(said, request=request)
        case aiohttp.InvalidURL():
            return httpx.ConnectError("the URL, or that of the proxy, is malformed", request=request)
        case aiohttp.ConnectionTimeoutError():
            return httpx.ConnectTimeout(said, request=request)
        case aiohttp.ClientConnectorError():
            return httpx.ConnectError(said, request=request)
        case aiohttp.ServerDisconnectedError():
            return httpx.RemoteProtocolError(_DISCONNECTED, request=request)
        case aiohttp.ClientResponseError():
            too_long = isinstance(getattr(failure.__cause__, "__cause__", None), LineTooLong)
            # Its own words hold a part of the line.
            words = "a line of its head is too long" if too_long else _first_line(failure.message)
            return httpx.RemoteProtocolError(words, request=request)
        case _:
            return httpx.ReadError(said, request=request)


def _broken(failure: Exception) -> httpx.TransportError:
    said = str(failure)
    cause = failure.__cause__
    if "ConnectionResetError" in said or isinstance(failure, aiohttp.ClientConnectionError):
        return httpx.ReadError(said)
    if said == _PEER_CLOSED or isinstance(cause, (TransferEncodingError, ContentLengthError)):
        return httpx.RemoteProtocolError(_PEER_CLOSED)
    if isinstance(failure, HttpProcessingError) or isinstance(cause, BadHttpMessage):
        return httpx.RemoteProtocolError(_first_line(getattr(failure, "message", said)))
    return httpx.ReadError(said)


def _first_line(message: str) -> str:
    """The lines below quote what the peer sent."""
    return message.partition("\n")[0].removesuffix(":")
