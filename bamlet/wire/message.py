"""An HTTP request and its response as plain data, and what carries one to the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """`body` is what goes over the wire, byte for byte: it may have been signed."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


class Response(Protocol):
    """The head of an answer and its body, read once, forwards.

    Closing releases the socket, also half-way; it never raises and may be called twice.
    """

    status: int
    headers: tuple[tuple[str, str], ...]

    def chunks(self) -> AsyncIterator[bytes]:
        """The decoded body as it arrives. Raises `TransportError` when it breaks off."""
        ...

    async def aclose(self) -> None: ...


class Transport(Protocol):
    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        """Send the request and wait for the head of the answer. Raises `TransportError`."""
        ...

    async def aclose(self) -> None: ...


class TransportError(Exception):
    """The exchange failed below HTTP: nobody answered, or the answer broke off."""


class ConnectError(TransportError):
    """No connection: unknown host, refused, TLS."""


class ConnectTimeout(ConnectError):
    """No connection within the limit."""


class BrokenBody(TransportError):
    """The body ended before its end: reset, or an incomplete chunked body."""


class ProtocolError(TransportError):
    """The peer does not speak HTTP as it should."""
