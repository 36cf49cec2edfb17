"""The events of a run as the body of an answer, until the run ends or the reader is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractContextManager, aclosing, asynccontextmanager
from typing import Protocol

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ..embed.log import EventLog, Snapshot
from ..embed.silence import Silence
from .forms import Form
from .metrics import Metrics
from .wire import portions

PORTION = 16 << 10  # characters at once: about what a reader that stands holds, beside the buffer of its socket


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
        if scope["method"] == "HEAD":
            # Who asks for the head reads nothing: it keeps no run going, and no run is cancelled when it leaves.
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b""})
            return
        # Here and not around the body: a reader that leaves before the first byte has been one, too.
        with self._run.attended(), self._metrics.subscriber():
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        form = self._form
        # Closed here, since it holds a timer.
        async with (
            taking(send, self._stall, self._metrics) as take,
            aclosing(self._run.log.read(self._after, pulse=self._heartbeat)) as batches,
        ):
            await take(form.opening.encode())
            async for batch in batches:
                if isinstance(batch, Snapshot):
                    self._metrics.resumes["compacted"] += 1
                    pieces = form.snapshot(batch)
                else:
                    pieces = form.entries(batch) if batch else (form.silence(),)
                # The server keeps what the reader does not take, and takes the next when that is gone.
                for portion in portions(pieces, PORTION):
                    await take(portion)
                if form.cuts_off(batch):
                    return  # without an end of the body: the server closes the connection, and the reader knows
            await take(b"", False)


class Take(Protocol):
    def __call__(self, data: bytes, more: bool = True) -> Awaitable[None]: ...


@asynccontextmanager
async def taking(send: Send, stall: float, metrics: Metrics) -> AsyncIterator[Take]:
    """How pieces of a body are sent. Raises `Stalled`."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(None) as limit:
            # Not a limit for each piece: most are taken at once.
            silence = Silence(stall, lambda: limit.reschedule(loop.time()))

            async def take(data: bytes, more: bool = True) -> None:
                silence.begin()
                await send({"type": "http.response.body", "body": data, "more_body": more})
                silence.end()

            try:
                yield take
            finally:
                silence.close()
    except TimeoutError:
        if not limit.expired():
            raise
        metrics.dropped += 1
        raise Stalled(f"a reader took no byte for {stall:g} s") from None
