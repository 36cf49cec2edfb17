"""One pool of connections for many runtimes: each is lent it, and none can close it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..wire.message import Request, Response, Transport

if TYPE_CHECKING:
    from ..wire.http import HttpTransport


class SharedConnections:
    """Opened with the first request, so that whoever sends none loads nothing. It belongs to one event loop."""

    def __init__(self) -> None:
        self._inner: HttpTransport | None = None

    def lend(self, on_limited: Callable[[], None]) -> Transport:
        """`on_limited` hears of every answer that says: too many requests."""
        return _Lent(self, on_limited)

    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        # Nothing is awaited before it is there: of two first requests the second finds that of the first.
        if self._inner is None:
            from ..wire.http import HttpTransport

            self._inner = HttpTransport()
        return await self._inner.open(request, connect_timeout=connect_timeout)

    async def aclose(self) -> None:
        if self._inner is not None:
            await self._inner.aclose()


class _Lent:
    def __init__(self, owner: SharedConnections, on_limited: Callable[[], None]) -> None:
        self._owner = owner
        self._on_limited = on_limited

    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        response = await self._owner.open(request, connect_timeout=connect_timeout)
        if response.status == 429:
            self._on_limited()
        return response

    async def aclose(self) -> None:
        """The owner closes."""
