"""Recording: any transport in, the same transport out, and one cassette line for every exchange over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection

from .cassette import (
    End,
    Frame,
    Interaction,
    RecordedFailure,
    RecordedRequest,
    RecordedResponse,
    write_interaction,
)
from .message import BrokenBody, ConnectionReset, Request, Response, Transport, TransportError
from .redact import SHORTEST_SECRET, recorded_request, redact_headers, secret_place

# The first that fits: a reset is a broken body too.
_END_OF_FAILURE: tuple[tuple[type[TransportError], End], ...] = (
    (ConnectionReset, "reset"),
    (BrokenBody, "incomplete"),
    (TransportError, "malformed"),
)


class SecretInCassette(Exception):
    """A secret of this process would have been written down. The message says where, never what."""


class RecordingTransport:
    """`sink` gets whole lines, each when its exchange is over; `clock` tells seconds.

    `secrets` are values that must not be written, beside those of each request; the collection is looked at anew
    for each exchange. In the URL and the headers of a request they are redacted.
    A request that holds one is not sent. An answer that holds one is delivered and not written, and
    `aclose` raises for it: that the recording has a hole is no reason to fail the call.
    """

    def __init__(
        self,
        inner: Transport,
        sink: Callable[[str], None],
        *,
        clock: Callable[[], float],
        secrets: Collection[str] = (),
    ) -> None:
        self._inner = inner
        self._sink = sink
        self._clock = clock
        self._secrets = secrets
        self._refusals: list[SecretInCassette] = []

    @property
    def unrecorded(self) -> Transport:
        """For exchanges of credentials, which nobody may write down."""
        return self._inner

    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        """Raises `SecretInCassette` beside what the inner transport raises."""
        recorded = recorded_request(request)
        secrets = {*self._secrets, *(value for value in request.secrets if len(value) >= SHORTEST_SECRET)}
        place = secret_place(Interaction(recorded, RecordedFailure("", "")), secrets)
        if place is not None:
            raise _refusal(recorded, place)
        sent_at = self._clock()
        try:
            response = await self._inner.open(request, connect_timeout=connect_timeout)
        except TransportError as failure:
            self._write(Interaction(recorded, RecordedFailure(type(failure).__name__, str(failure))), secrets)
            raise
        head_ms = _milliseconds(self._clock() - sent_at)

        def write(frames: list[Frame], end: End) -> None:
            self._write(Interaction(recorded, _recorded_response(response, head_ms, frames, end)), secrets)

        return _RecordedResponse(response, self._clock, write)

    async def aclose(self) -> None:
        """Raises `SecretInCassette` if an exchange was left out of the recording."""
        await self._inner.aclose()
        if self._refusals:
            raise self._refusals.pop(0)

    def _write(self, interaction: Interaction, secrets: Collection[str]) -> None:
        place = secret_place(interaction, secrets)
        if place is None:
            self._sink(write_interaction(interaction))
        else:
            self._refusals.append(_refusal(interaction.request, place))


class _RecordedResponse:
    """The inner response, with an ear at its chunks. It is written once, at the first of its ends."""

    def __init__(
        self, inner: Response, clock: Callable[[], float], write: Callable[[list[Frame], End], None]
    ) -> None:
        self.status = inner.status
        self.http_version = inner.http_version
        self.headers = inner.headers
        self._inner = inner
        self._clock = clock
        self._write = write
        self._head_at = clock()
        self._frames: list[Frame] = []
        self._written = False

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._inner.chunks():
                # Before it is handed on: a reader that is stopped there has seen it.
                self._frames.append(Frame(_milliseconds(self._clock() - self._head_at), chunk))
                yield chunk
        except TransportError as failure:
            self._end(next(end for kind, end in _END_OF_FAILURE if isinstance(failure, kind)))
            raise
        self._end("clean")

    async def aclose(self) -> None:
        try:
            # Before closing, since that makes a reader of the inner response fail.
            self._end("closed")
        finally:
            await self._inner.aclose()

    def _end(self, end: End) -> None:
        if not self._written:
            # Before the sink, which may raise: the end after this one would write the exchange again.
            self._written = True
            self._write(self._frames, end)


def _recorded_response(response: Response, head_ms: int, frames: list[Frame], end: End) -> RecordedResponse:
    """The frames are decoded bytes, so the headers must not speak of an encoding or of its length."""
    encoded = any(name == "content-encoding" for name, _ in response.headers)
    dropped = {"content-encoding", "content-length"} if encoded else set()
    return RecordedResponse(
        status=response.status,
        http_version=response.http_version,
        headers=redact_headers(tuple(h for h in response.headers if h[0] not in dropped)),
        frames=tuple(frames),
        end=end,
        head_ms=head_ms,
    )


def _refusal(request: RecordedRequest, place: str) -> SecretInCassette:
    # Not the path of the URL, which may be the place.
    return SecretInCassette(f"the {request.method} exchange is not recorded: {place} holds a secret")


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
