"""HTTP: the operations behind `baml.http`, and the stream of events that one of them opens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ..interpreter.abi import Context, Handle
from ..wire.message import ConnectTimeout, InvalidRequest, Request, Response, TransportError
from .deadlines import Deadlines, deadlines_of
from .host import host, resource
from .registry import Failure, HostFailure, sysop

MAX_ERROR_BODY = 64 << 10
MAX_ANSWER = 32 << 20
MAX_BUFFERED_EVENTS = 1024
MAX_BUFFERED_BYTES = 1 << 20

_STREAM = "baml.http.SseStream"


@sysop("baml.http.send", throws=("Io", "Timeout", "InvalidArgument"))
async def send(context: Context, request: Any) -> Any:
    deadlines = deadlines_of(request, _now())
    async with _within(deadlines, deadlines.for_whole()):
        response = await _open(context, request, deadlines)
        try:
            body = await _read(response, MAX_ANSWER)
        finally:
            await response.aclose()
    fields = {
        "status_code": response.status,
        "headers": dict(response.headers),
        "url": request.url,
        "body": body.decode("utf-8", "replace"),
    }
    return context.space.instance("baml.http.Response", fields)


@sysop("baml.http.fetch_sse", throws=("Io", "Timeout", "HttpStatus", "InvalidArgument"))
async def fetch_sse(context: Context, request: Any) -> Handle:
    deadlines = deadlines_of(request, _now())
    async with _within(deadlines, deadlines.for_head()):
        response = await _open(context, request, deadlines)
        try:
            await _check_status(response, request.client_name)
        except BaseException:
            await response.aclose()
            raise
    stream = SseStream(context, response, deadlines, one_by_one=host(context).sink.wants_every)
    return host(context).scope.open(_STREAM, stream)


@sysop("baml.http.SseStream.next", throws=("Io", "Timeout"))
async def next_events(context: Context, stream: Handle) -> list[Any] | None:
    found = resource(context, stream, SseStream)
    return await found.next()


@sysop("baml.http.SseStream.next_within", throws=("Io", "Timeout"))
async def next_within(context: Context, stream: Handle, limit_ms: int) -> list[Any] | None:
    found = resource(context, stream, SseStream)
    try:
        async with asyncio.timeout(limit_ms / 1000):
            return await found.next()
    except TimeoutError:
        return None


@sysop("baml.http.SseStream.close")
async def close(context: Context, stream: Handle) -> None:
    await host(context).scope.close(stream)


# --- one exchange


def _now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def _within(deadlines: Deadlines, end: tuple[float, str] | None) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(end[0] if end else None):
            yield
    except TimeoutError:
        assert end is not None
        raise deadlines.passed(end[1], _now()) from None


async def _open(context: Context, request: Any, deadlines: Deadlines) -> Response:
    wire = Request(request.method, request.url, tuple(request.headers.items()), request.body.encode())
    try:
        return await host(context).services.transport.open(wire, connect_timeout=deadlines.connect)
    except ConnectTimeout:
        raise deadlines.passed("connect", _now()) from None
    except TransportError as failure:
        raise _failure(failure) from failure
    except Exception as failure:
        # A transport that the host handed in has rules of its own, such as what may be recorded.
        raise HostFailure from failure


def _failure(failure: TransportError) -> Failure:
    from ..wire.replay import NotRecorded

    if isinstance(failure, InvalidRequest | NotRecorded):
        return Failure("InvalidArgument", str(failure))
    return Failure("Io", str(failure))


async def _read(response: Response, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in response.chunks():
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                raise Failure("Io", f"the answer is larger than {limit >> 20} MiB")
    except TransportError as failure:
        raise _failure(failure) from failure
    return b"".join(parts)


async def _check_status(response: Response, client_name: str | None) -> None:
    if 200 <= response.status <= 299:
        return
    body = await _read_some(response, MAX_ERROR_BODY)
    raise Failure("HttpStatus", **status_fields(response.status, response.headers, body, client_name))


async def _read_some(response: Response, limit: int) -> bytes:
    """As much of an error's body as tells what is wrong; a body that breaks off has said enough."""
    body = b""
    try:
        async for chunk in response.chunks():
            body += chunk
            if len(body) >= limit:
                break
    except TransportError:
        return body
    return body[:limit]


def status_fields(
    status: int, headers: tuple[tuple[str, str], ...], body: bytes, client_name: str | None
) -> dict[str, Any]:
    """The fields of a `baml.errors.HttpStatus`."""
    from ..providers import http_error

    error = http_error(status, headers, body)
    return {
        "message": f"the provider answered with status {status}: {error.message}",
        "status_code": status,
        "body": body.decode("utf-8", "replace"),
        "retryable": bool(error.retryable),
        "retry_after_ms": error.retry_after_ms,
        "client_name": client_name,
    }


# --- streams


class SseStream:
    """The events of one answer. A task of its own reads ahead into a bounded buffer, so that events which came
    together are handed out together, and a slow consumer stops the socket and not the memory."""

    def __init__(self, context: Context, response: Response, deadlines: Deadlines, *, one_by_one: bool) -> None:
        from ..wire.sse import EventDecoder

        self._event_class: Any = context.space.classes["baml.http.SseEvent"]
        self._response = response
        self._deadlines = deadlines
        self._one_by_one = one_by_one
        self._decoder = EventDecoder()
        self._events: deque[Any] = deque()
        self._buffered = 0
        self._failure: Failure | None = None
        self._ended = False
        self._any_event = False
        self._last_activity = _now()
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._reader = asyncio.create_task(self._read_ahead())
        self._watch()

    async def next(self) -> list[Any] | None:
        """What has come, waiting for at least one event; None at the end. A failure comes after the last event."""
        while not self._events:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        if self._one_by_one:
            taken = [self._events.popleft()]
        else:
            taken = list(self._events)
            self._events.clear()
        self._buffered = 0 if not self._events else self._buffered - len(taken[0].data)
        self._drained.set()
        return taken

    async def aclose(self) -> None:
        """Stop reading and close the socket, whatever state the answer is in."""
        if self._timer is not None:
            self._timer.cancel()
        self._end(None)
        self._reader.cancel()
        await asyncio.wait({self._reader})
        await self._response.aclose()

    # --- the reader

    async def _read_ahead(self) -> None:
        try:
            if _is_json(self._response):
                await self._read_as_one_event()
            else:
                await self._read_events()
            self._end(None)
        except TransportError as failure:
            self._end(_failure(failure))
        except Failure as failure:
            self._end(failure)

    async def _read_events(self) -> None:
        async for chunk in self._response.chunks():
            self._last_activity = _now()
            events = self._decoder.feed(chunk)
            if events:
                self._add(events, len(chunk))
                while len(self._events) >= MAX_BUFFERED_EVENTS or self._buffered >= MAX_BUFFERED_BYTES:
                    self._drained.clear()
                    await self._drained.wait()
        if (pending := self._decoder.finish()) is not None and _is_whole(pending.data):
            self._add([pending], 0)

    async def _read_as_one_event(self) -> None:
        """Some gateways answer a request for a stream with one JSON object."""
        from ..wire.sse import Event

        body = await _read(self._response, MAX_ANSWER)
        self._add([Event("message", body.decode("utf-8", "replace"))], len(body))

    def _add(self, events: list[Any], size: int) -> None:
        make = self._event_class
        self._events.extend(make(event.event, event.data, event.id) for event in events)
        self._buffered += size
        self._any_event = True
        self._arrived.set()

    def _end(self, failure: Failure | None) -> None:
        if not self._ended:
            self._ended = True
            self._failure = failure
            self._arrived.set()
            self._drained.set()

    # --- the limits

    def _watch(self) -> None:
        """One timer for all limits. It is set anew when it fires, not at each event."""
        if self._ended:
            return
        end = self._deadlines.for_event(self._last_activity, any_event=self._any_event, waiting=not self._events)
        if end is None:
            return
        now = _now()
        if now >= end[0]:
            self._end(self._deadlines.passed(end[1], now))
            self._reader.cancel()
            return
        # Silence begins to count when the buffer is empty; look again within its limit.
        idle = self._deadlines.idle
        at = end[0] if idle is None else min(end[0], now + idle)
        self._timer = asyncio.get_running_loop().call_at(at, self._watch)


def _is_json(response: Response) -> bool:
    content_type = next((value for name, value in response.headers if name == "content-type"), "")
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _is_whole(data: str) -> bool:
    """An event cut off before its blank line counts when it ends an answer: `[DONE]`, or JSON that is complete."""
    import json

    if data.strip() == "[DONE]":
        return True
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
