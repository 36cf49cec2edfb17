"""A stream that an application of its own has begun, as events to its caller.

@app.post("/extract")
async def extract(text: str):
    return bamlet.server.sse(runtime.stream("Extract", text=text))
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import aclosing, contextmanager

from starlette.types import Receive, Scope, Send

from ..embed.log import EventLog
from ..embed.stream import AsyncStream
from .errors import problem_of
from .events import PROTOCOL, Recorder
from .limits import Limits
from .metrics import Metrics
from .streamed import Streamed
from .wanted_form import form_for


class HostedStream(Streamed):
    """The stream runs while it is read: a caller that goes away ends it, and nobody can resume it."""

    def __init__(self, stream: AsyncStream, events: str, limits: Limits) -> None:
        self._stream = stream
        self._source = _Source()
        super().__init__(
            self._source,
            form_for("", events, None),
            Metrics(),
            heartbeat=limits.heartbeat,
            stall=limits.stall,
            headers={"Bamlet-Protocol": str(PROTOCOL)},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        recording = asyncio.create_task(self._record())
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Stopped first: what records waits for it, and ends with its error. Then nothing is left behind.
            self._stream.cancel()
            await asyncio.wait({recording})

    async def _record(self) -> None:
        source = self._source
        recorder = Recorder(source.log, asyncio.get_running_loop().time)
        recorder.start(source.id, "")
        try:
            async with self._stream as stream, aclosing(stream.batches(ticks=True)) as batches:
                async for batch in batches:
                    for shown in batch:
                        recorder.take(shown, stream)
                recorder.final(await stream.final(), stream.report)
        except Exception as failure:
            recorder.error(problem_of(failure, shows_answers=False), source.id)


class _Source:
    def __init__(self) -> None:
        self.id = f"h1_{secrets.token_hex(16)}"
        self.log = EventLog()

    @contextmanager
    def attended(self) -> Iterator[None]:
        yield


def sse(stream: AsyncStream, events: str = "typed", *, limits: Limits | None = None) -> HostedStream:
    """The answer to a request. `events` are kinds or a preset, as in `?events=`.

    Begin the stream with `partials="all"` if the model's text is to be among them. Tokens are in the collector of
    its `CallContext`.
    """
    return HostedStream(stream, events, limits or Limits())
