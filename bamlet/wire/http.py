"""The HTTP transport: a `Request` goes out through httpx, its answer comes back as it arrives.

Every failure leaves it as a `TransportError` whose message is for people. There is no limit on time here but that
for connecting: deadlines belong to the callers, who cancel. Nothing is followed, decoded into text, retried or
remembered.
"""

from __future__ import annotations

import enum
import logging
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import TypeAlias

import httpx

from .._version import __version__
from .addresses import public_address
from .closing import let_finish
from .connections import (
    MAX_HEAD_BYTES,
    MAX_HEAD_FIELDS,
    Connections,
    Lane,
    Trust,
    load_engine,
    new_connections,
    new_pinned_connections,
)
from .failures import raise_broken_body, raise_not_opened
from .message import BrokenBody, ConnectError, HttpOptions, InvalidRequest, ProtocolError, Request
from .proxies import Proxies
from .unpacking import unpacking_for

_USER_AGENT = f"bamlet/{__version__}"

_FRAMING = (b"content-length", b"transfer-encoding")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_RAW_NAME = re.compile(_FIELD_NAME.pattern.encode())
_LONGEST_HOST = 253
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e]*")


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


logging.getLogger("httpx").addFilter(_without_keys)


MOST_ADDRESSES = 64  # that are kept taken apart

_Address: TypeAlias = "tuple[httpx.URL, tuple[tuple[str, str], ...]]"


class _State(enum.Enum):
    OPEN = "open"  # bytes may still come
    ENDED = "ended"  # the server finished, or the connection broke; nothing is left to release
    CLOSED = "closed"  # we stopped first; the connection is gone


class HttpResponse:
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
            await self._lane.drop(self._response)
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
            await self._lane.drop(self._response)


class HttpTransport:
    """Opens exchanges over connections that it owns and reuses. Bound to one event loop."""

    def __init__(self, options: HttpOptions | None = None) -> None:
        options = options or HttpOptions()
        self._options = options
        self._trust = Trust()
        self._proxies = Proxies(options.proxy)
        self._connections = new_connections(options, self._trust)
        self._pinned = new_pinned_connections(options, self._trust)
        self._addresses: dict[str, _Address] = {}

    def load(self) -> None:
        """What the first exchange would load. It may run in another thread than the loop's."""
        load_engine(self._options)
        self._trust.context()

    async def open(self, request: Request, *, connect_timeout: float | None) -> HttpResponse:
        """Send the request and wait for the head of the answer. Raises `TransportError`."""
        outgoing = self._outgoing(request, connect_timeout)
        connections = self._connections
        if request.public_only:
            await _pin(outgoing)
            connections = self._pinned
        try:
            return await _exchange(connections, request, outgoing)
        except httpx.HTTPError as failure:
            raise_not_opened(failure, outgoing.url, self._proxies.before(outgoing.url), connect_timeout)

    def _outgoing(self, request: Request, connect_timeout: float | None) -> httpx.Request:
        """Clients ask few addresses again and again, and to take one apart is a tenth of what a call costs."""
        _check_fields(request)
        address = self._addresses.get(request.url)
        if address is None:
            address = _address(request.url)
            if len(self._addresses) >= MOST_ADDRESSES:
                self._addresses.clear()
            self._addresses[request.url] = address
        return _outgoing(request, address, connect_timeout)

    async def aclose(self) -> None:
        """Close every connection. Answers still being read break off."""
        await let_finish(self._close_both())

    async def _close_both(self) -> None:
        await self._connections.aclose()
        await self._pinned.aclose()


async def _exchange(connections: Connections, request: Request, outgoing: httpx.Request) -> HttpResponse:
    """A server may close a kept connection while a request is on its way. Nothing was answered then, so the
    request goes out once more, on a connection that has not served: another kept one may be closed as well."""
    for fresh in (False, True):
        if fresh:
            outgoing.extensions["fresh"] = True
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
            _check_head(response)
            return HttpResponse(response, lane)
        except BaseException as failure:
            # A cancellation above all: nobody has the answer yet, so nobody else can close its connection.
            await lane.drop(response)
            if fresh or not isinstance(failure, httpx.HTTPError) or not lane.met_closed(failure):
                raise
        finally:
            _secrets.reset(secrets)
    raise AssertionError("the second round has returned or raised")


def _check_fields(request: Request) -> None:
    for name, value in request.headers:
        if not (_FIELD_NAME.fullmatch(name) and _FIELD_VALUE.fullmatch(value)):
            # Without the value, which may be a key.
            raise InvalidRequest(f"the header {name!r} holds a character that HTTP does not allow")


def _outgoing(request: Request, address: _Address, connect_timeout: float | None) -> httpx.Request:
    """Built by hand and not by the client, which would add headers of its own."""
    headers = request.headers
    if not any(name.lower() == "user-agent" for name, _ in headers):
        headers = (*headers, ("user-agent", _USER_AGENT))
    timeout = httpx.Timeout(None, connect=connect_timeout).as_dict()
    url, authorized = address
    if authorized:
        headers = (*((name, value) for name, value in headers if name.lower() != "authorization"), *authorized)
    return httpx.Request(
        request.method, url, headers=headers, content=request.body, extensions={"timeout": timeout}
    )


def _address(text: str) -> _Address:
    """The URL as every engine takes it, and the header for the user and the password that stood in it.

    What one engine would refuse, and the other resolve to something, is refused before either sees it.
    """
    if not text.startswith(("http://", "https://")):
        raise InvalidRequest("the URL of the request does not begin with http:// or https://")
    try:
        url = httpx.URL(text)
        host, port = url.host, url.port
    except (httpx.InvalidURL, UnicodeError) as failure:
        raise _unreachable(str(failure)) from failure
    if port is not None and not 0 < port < 1 << 16:
        raise _unreachable(f"the port {port} is not between 1 and 65535")
    labels = url.raw_host.decode("ascii").removesuffix(".").split(".")
    if ":" not in host and (not all(0 < len(label) < 64 for label in labels) or len(host) > _LONGEST_HOST):
        raise _unreachable("the host name has a part that is empty or too long")
    if not url.userinfo:
        return url, ()
    credentials = f"{url.username}:{url.password}".encode()
    return url.copy_with(userinfo=b""), (("authorization", f"Basic {b64encode(credentials).decode()}"),)


def _unreachable(why: str) -> ConnectError:
    return ConnectError(f"no server has such a URL: {why}; check it, for a client its base_url")


async def _pin(outgoing: httpx.Request) -> None:
    """Send it to the address that was looked at. Asked again, a name server might give another one."""
    url = outgoing.url
    address = await public_address(url.host, url.port or (443 if url.scheme == "https" else 80))
    # httpx has written the Host field from the name already.
    outgoing.url = url.copy_with(host=address)
    outgoing.extensions["sni_hostname"] = url.host


def _check_head(response: httpx.Response) -> None:
    fields = response.headers.raw
    for name, value in fields:
        # Engines differ in what they take for these two, and so in where the answer ends.
        if not _RAW_NAME.fullmatch(name) or (name.lower() == b"transfer-encoding" and value.lower() != b"chunked"):
            raise ProtocolError("the head of the answer holds a field that is not HTTP")
    if len(fields) > MAX_HEAD_FIELDS:
        raise ProtocolError(f"the head of the answer has more than {MAX_HEAD_FIELDS} fields")
    framing = [value.strip().lower() for name, value in fields if name.lower() in _FRAMING]
    if len(framing) > 1 or (framing and b"," in framing[0]):
        # Two readers of such an answer may disagree about where it ends, and so about whose the next one is.
        raise ProtocolError("the head of the answer says in more than one way how long the body is")
    if sum(len(name) + len(value) + 4 for name, value in fields) > MAX_HEAD_BYTES:
        raise ProtocolError(f"the head of the answer is longer than {MAX_HEAD_BYTES} bytes")
