"""An HTTP request and its response as plain data, and what carries one to the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Protocol

from ..records import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """`body` is what goes over the wire, byte for byte: it may have been signed.

    `public_only` is for URLs that strangers may have written: the request is refused where the name of the host
    leads to an address that is not public, such as this machine or its network. `secrets` are values in it that no
    log, message or recording may show, whatever they are called. `note` is what the one who
    asks knows of the answer; it is never sent, and nothing here looks into it. Who wraps a transport hands it on.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    public_only: bool = field(default=False, compare=False)
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)
    note: object = field(default=None, compare=False, repr=False)


Engine = Literal["auto", "h11", "httptools", "httpx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """How a transport of ours moves bytes.

    `engine` is what reads HTTP/1.1: `httptools` (the `fast` extra), `h11`, or `auto`, which is httptools where
    that is installed. `httpx` leaves the sockets to httpx too, as all engines do with what goes through a proxy or
    over HTTP/2. That needs the `http2` extra, and is spoken where the server offers it. `proxy` is the URL of a
    proxy for everything; without it the usual variables of the environment count.
    """

    engine: Engine = "auto"
    http2: bool = False
    proxy: str | None = None


class Response(Protocol):
    """The head of an answer and its body, read once, forwards.

    Closing releases the socket, also half-way; it never raises and may be called twice.
    """

    status: int
    http_version: str
    headers: tuple[tuple[str, str], ...]
    """In the order they came, the names in lower case."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The decoded body as it arrives. Raises `TransportError` when it breaks off."""
        ...

    async def aclose(self) -> None: ...


class Listener(Protocol):
    def on_bytes(self, chunk: bytes) -> None: ...

    def on_end(self, failure: Exception | None) -> None:
        """After the last bytes."""
        ...


class Pushing(Response, Protocol):
    """One that can hand its bytes over as they come, without a task that waits for them."""

    pushes: bool
    """Whether it will, of this answer; if not, there are `chunks`."""

    def push_to(self, listener: Listener) -> None:
        """What has come already is handed over at once."""
        ...

    def pause(self) -> None:
        """Let the peer wait. What is on its way may still be handed over."""
        ...

    def resume(self) -> None: ...

    def leave(self) -> None:
        """`aclose` that waits for nothing."""
        ...


class Transport(Protocol):
    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        """Send the request and wait for the head of the answer. Raises `TransportError`."""
        ...

    async def aclose(self) -> None: ...


class TransportError(Exception):
    """The exchange failed below HTTP: nobody answered, or the answer broke off."""


class InvalidRequest(TransportError):
    """The request cannot be put on the wire: its URL or a header is not HTTP. Nothing was sent."""


class NoSuchAnswer(InvalidRequest):
    """Nobody was asked, and whoever answers without asking has nothing that would do."""


class ConnectError(TransportError):
    """No connection: unknown host, refused, TLS."""


class ConnectTimeout(ConnectError):
    """No connection within the limit."""


class NoAnswer(TransportError):
    """The connection closed after the request and before the head of an answer."""


class BrokenBody(TransportError):
    """The body ended before its end: a body cut short, or the connection gone."""


class ConnectionReset(BrokenBody):
    """The connection was torn down in the middle of the body."""


class ProtocolError(TransportError):
    """The peer does not speak HTTP as it should."""
