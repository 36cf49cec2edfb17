"""Any answer as one that pushes its bytes: by itself, or by a task that asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

from ..wire.message import Listener, Pushing, Response
from .bell import Bell


def pushing(response: Response) -> Pushing:
    return cast(Pushing, response) if getattr(response, "pushes", False) else _PushedByTask(response)


class _PushedByTask:
    """What is packed, what goes over httpx, and what transports of a host answer."""

    pushes = True

    def __init__(self, response: Response) -> None:
        self._response = response
        self.status, self.http_version, self.headers = response.status, response.http_version, response.headers
        self._room = Bell()
        self._room.set()
        self._task: asyncio.Task[None] | None = None

    def chunks(self) -> AsyncIterator[bytes]:
        return self._response.chunks()

    def push_to(self, listener: Listener) -> None:
        self._task = asyncio.create_task(self._push(listener))

    def pause(self) -> None:
        self._room.clear()

    def resume(self) -> None:
        self._room.set()

    def leave(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def aclose(self) -> None:
        self.leave()
        try:
            if self._task is not None:
                # Its chunks are a generator that uses the socket, so it leaves first. Its outcome was told to the
                # listener; `wait` raises none, and nothing but our own cancellation.
                await asyncio.wait({self._task})
        finally:
            await self._response.aclose()

    async def _push(self, listener: Listener) -> None:
        try:
            async for chunk in self._response.chunks():
                listener.on_bytes(chunk)
                # Here and not before reading: what has been read is always handed over, and while this waits
                # nobody reads the socket, so the peer is stopped by TCP.
                await self._room.wait()
        except Exception as failure:
            # Whoever waits for the end must hear of it, whatever it is.
            listener.on_end(failure)
        else:
            listener.on_end(None)
