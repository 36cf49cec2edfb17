"""An answer while it is read: its connection pushes what comes, and somebody takes it or is handed it.

Everything here runs in the turns of one loop, and nothing waits between a look at the state and the act that
follows from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from ..heads import Head
from ..message import BrokenBody, Listener, TransportError
from ..unpacking import is_plain, unpacking_for

MAX_WAITING_BYTES = 256 * 1024


class Carrier(Protocol):
    """What brings the answer, until it has ended."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def drop(self) -> None:
        """Close the socket. Nothing is told to the answer."""
        ...


class Answer:
    """A `Pushing` response."""

    __slots__ = (
        "_carrier",
        "_ended",
        "_failure",
        "_listener",
        "_paused",
        "_pieces",
        "_size",
        "_waiter",
        "headers",
        "http_version",
        "status",
    )

    def __init__(self, carrier: Carrier) -> None:
        self.status = 0
        self.http_version = ""
        self.headers: tuple[tuple[str, str], ...] = ()
        self._carrier: Carrier | None = carrier
        self._pieces: list[bytes] = []
        self._size = 0
        self._ended = self._paused = False
        self._failure: TransportError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._listener: Listener | None = None

    # --- what the connection tells

    def begins(self, head: Head) -> None:
        self.http_version = f"HTTP/{head.version}"
        self.headers = tuple(head.fields)
        self.status = head.status
        self._wake()

    def gets(self, data: bytes) -> None:
        if self._listener is not None:
            self._listener.on_bytes(data)
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= MAX_WAITING_BYTES:
            self.pause()
        self._wake()

    def ends(self, failure: TransportError | None = None) -> None:
        """What came before is handed out first. The first end counts."""
        if self._ended:
            return
        self._ended, self._failure, self._carrier = True, failure, None
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_end(failure)
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # --- who reads

    async def wait_head(self) -> None:
        while not self.status:
            if self._failure is not None:
                raise self._failure
            await self._woken()

    def whole(self) -> bytes | None:
        """The body, taken at once, if all of it is there and was not packed."""
        if not self._ended or self._failure is not None or not self.pushes:
            return None
        pieces, self._pieces, self._size = self._pieces, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The decoded body as it arrives. Raises `TransportError` when it breaks off."""
        unpacking = unpacking_for(self._encoding())
        while received := await self._next():
            for chunk in unpacking.feed(received):
                yield chunk
        # Last, since what was packed badly was framed well.
        unpacking.finish()

    @property
    def pushes(self) -> bool:
        # What is packed stands for more than came: whoever reads that may have to wait in the middle of it.
        encoding = self._encoding()
        return not encoding or is_plain(encoding)

    def push_to(self, listener: Listener) -> None:
        pieces, self._pieces, self._size = self._pieces, [], 0
        self.resume()  # first: the listener may want it paused once more
        if not self._ended:
            self._listener = listener
        if pieces:
            listener.on_bytes(b"".join(pieces))
        if self._ended:
            listener.on_end(self._failure)

    def pause(self) -> None:
        if self._carrier is not None and not self._paused:
            self._paused = True
            self._carrier.pause()

    def resume(self) -> None:
        if self._carrier is not None and self._paused:
            self._paused = False
            self._carrier.resume()

    def leave(self) -> None:
        carrier = self._carrier
        self._listener = None
        self._pieces.clear()
        if self._ended:
            return  # as most have: there is nobody to tell, and nothing to drop
        self.ends(BrokenBody("the answer was closed while it was being read"))
        if carrier is not None:
            carrier.drop()

    async def aclose(self) -> None:
        """Release the socket, also half-way. Never raises; may be called twice."""
        self.leave()

    def _encoding(self) -> str:
        return ", ".join([value for name, value in self.headers if name == "content-encoding"])

    async def _next(self) -> bytes:
        """What has come, waiting for at least one byte; nothing at the end."""
        while not self._pieces:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                return b""
            await self._woken()
        pieces, self._pieces, self._size = self._pieces, [], 0
        self.resume()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _woken(self) -> asyncio.Future[None]:
        assert self._waiter is None or self._waiter.done(), "an answer is read by one"
        self._waiter = asyncio.get_running_loop().create_future()
        return self._waiter
