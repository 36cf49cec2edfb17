"""The events of a run as the body of an answer, until the run ends or the reader is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ..embed.log import EventLog, Snapshot
from .forms import Form
from .metrics import Metrics

PIECE = 64 << 10  # characters


class Readable(Protocol):
    """A run, for one that reads it."""

    @property
    def log(self) -> EventLog: ...

    def attended(self) -> AbstractContextManager[None]: ...


class Stalled(Exception):
    """The reader has taken no byte for too long."""


class Streamed(StreamingResponse):
    """While it is sent the run has a reader. Its head goes out at once, before the model has answered."""

    def __init__(
        self,
        run: Readable,
        form: Form,
        metrics: Metrics,
        *,
        after: int = 0,
        heartbeat: float,
        stall: float,
        headers: Mapping[str, str],
    ) -> None:
        self._run = run
        self._form = form
        self._metrics = metrics
        self._after = after
        self._heartbeat = heartbeat
        self._stall = stall
        super().__init__(
            (),
            media_type=form.media_type,
            headers={
                "Content-Type": form.media_type,  # Starlette would name a charset, and there is only one for these
                "Cache-Control": "no-store, no-transform",
                "X-Accel-Buffering": "no",
                **form.headers,
                **headers,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Here and not around the body: a reader that leaves before the first byte has been one, too.
        with self._run.attended(), self._metrics.subscriber():
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        form = self._form
        await self._write(send, form.opening)
        # Not `aclosing`: the generator holds nothing that closing would free, and it ends with this task.
        async for batch in self._run.log.read(self._after, pulse=self._heartbeat):
            if isinstance(batch, Snapshot):
                self._metrics.resumes["compacted"] += 1
                await self._write(send, form.snapshot(batch))
            elif not batch:
                await self._write(send, form.silence())
            else:
                await self._write(send, form.entries(batch))
            if form.cuts_off(batch):
                return  # without an end of the body: the server closes the connection, and the reader knows
        await self._send(send, b"", more=False)

    async def _write(self, send: Send, text: str) -> None:
        """In pieces: the server keeps what the reader does not take, and takes the next when that is gone."""
        for start in range(0, len(text), PIECE):
            # Not all at once: a reader that stands would hold its text twice.
            await self._send(send, text[start : start + PIECE].encode(), more=True)

    async def _send(self, send: Send, data: bytes, *, more: bool) -> None:
        await send_piece(send, data, more=more, stall=self._stall, metrics=self._metrics)


async def send_piece(send: Send, data: bytes, *, more: bool, stall: float, metrics: Metrics) -> None:
    """Raises `Stalled`."""
    try:
        async with asyncio.timeout(stall):
            await send({"type": "http.response.body", "body": data, "more_body": more})
    except TimeoutError:
        metrics.dropped += 1
        raise Stalled(f"a reader took no byte for {stall:g} s") from None
