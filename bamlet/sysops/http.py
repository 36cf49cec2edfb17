"""HTTP: the operations behind `baml.http`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from ..interpreter.runtime.values import BODY, Handle
from ..records import asdict
from ..wire.closing import uninterrupted
from .attempts import attempted
from .charging import charge_for
from .deadlines import deadlines_of
from .exchange import (
    MAX_ERROR_BODY,
    check_head,
    is_success,
    now,
    open_response,
    read_some,
    read_whole,
    shown_headers,
    within,
)
from .host import Context, resource
from .host_failure import HostFailure
from .pace import paced
from .registry import Failure, sysop
from .sse import SseStream
from .timer import first_of

_STREAM = "baml.http.SseStream"


@sysop("baml.http.send", throws=("Io", "Timeout", "InvalidArgument"), group="net")
async def send(context: Context, request: Any) -> Any:
    if context.host.pace is None or request.client_name is None:
        return await _exchange(context, request)
    return await paced(context, request, partial(_exchange, context, request), _head_of_response)


def _head_of_response(response: Any) -> tuple[int, Mapping[str, str]]:
    return response.status_code, response.headers


async def _exchange(context: Context, request: Any) -> Any:
    # Limits of time begin when there is a place.
    deadlines = deadlines_of(request, now())
    provider = context.host.services.provider(request.client_name)
    charge = charge_for(context.host, request.client_name)
    with (
        attempted(context.host.asking, provider, request, streams=False, charge=charge) as attempt,
        within(deadlines, deadlines.for_whole()),
    ):
        response = await open_response(context, request, deadlines)
        succeeded = is_success(response)
        if attempt is not None:
            attempt.gets_head(response.status, response.headers)
        try:
            read = read_whole(response, context.host.hide) if succeeded else read_some(response, MAX_ERROR_BODY)
            data = await read
        finally:
            await response.aclose()
    text = data.decode("utf-8", "replace")
    if attempt is not None:
        attempt.gets_body(text)
        attempt.ends()
    fields = {
        "status_code": response.status,
        # What a server says in answer to a request that it refuses may be the key.
        "headers": dict(response.headers if succeeded else shown_headers(context, response)),
        "url": request.url,
        "body": text if succeeded else context.host.hide(text),
    }
    made = context.space.instance("baml.http.Response", fields)
    if succeeded and "\N{REPLACEMENT CHARACTER}" in text and text.encode() != data:
        setattr(made, BODY, data)
    return made


@sysop("baml.http.bytes_of")
def bytes_of(context: Context, response: Any) -> bytes:
    data: bytes | None = getattr(response, BODY, None)
    body: str = response.body
    return body.encode("utf-8", "replace") if data is None else data


@sysop("baml.http.fetch_sse", throws=("Io", "Timeout", "HttpStatus", "InvalidArgument"), group="net")
async def fetch_sse(context: Context, request: Any) -> Handle:
    if context.host.pace is None or request.client_name is None:
        return await _open(context, request)
    opened = await paced(context, request, partial(_opened, context, request), _head_of_stream)
    if isinstance(opened, Failure):
        raise opened
    return opened


def _head_of_stream(opened: Handle | Failure) -> tuple[Any, Any]:
    if isinstance(opened, Failure):
        return opened.fields.get("status_code"), opened.fields.get("headers", {})
    return HTTPStatus.OK, {}


async def _opened(context: Context, request: Any) -> Handle | Failure:
    """The stream, or why there is none."""
    try:
        return await _open(context, request)
    except Failure as failure:
        return failure


async def _open(context: Context, request: Any) -> Handle:
    deadlines = deadlines_of(request, now())
    provider = context.host.services.provider(request.client_name)
    charge = charge_for(context.host, request.client_name)
    with (
        attempted(context.host.asking, provider, request, streams=True, charge=charge) as attempt,
        within(deadlines, deadlines.for_head()),
    ):
        response = await open_response(context, request, deadlines)
        if attempt is not None:
            attempt.gets_head(response.status, response.headers)
        try:
            await check_head(context, response, request)
        except BaseException as failure:
            # A cancellation too: the answer is in no scope yet, so nobody else would close it.
            if attempt is not None and isinstance(failure, Failure):
                attempt.gets_body(str(failure.fields.get("body", "")))
            await response.aclose()
            raise
    # From here to the scope nothing is awaited, so nothing can stop us with an answer that only we know of.
    accepts = next((value for name, value in request.headers.items() if name.lower() == "accept"), "")
    one_by_one = context.host.voice.sink.wants_every
    stream = SseStream(context, response, accepts, deadlines, one_by_one=one_by_one, attempt=attempt)
    return context.host.scope.open(_STREAM, stream)


@sysop("baml.http.SseStream.headers")
def stream_headers(context: Context, stream: Handle) -> dict[str, str]:
    return dict(resource(context, stream, SseStream).headers)


@sysop("baml.http.rate_limits")
def read_rate_limits(context: Context, headers: Mapping[str, str]) -> list[Any]:
    from ..providers.rate_limits import rate_limits

    return [context.space.instance("baml.http.RateLimit", asdict(limit)) for limit in rate_limits(headers)]


@sysop("baml.http.SseStream.next", throws=("Io", "Timeout"))
async def next_events(context: Context, stream: Handle) -> list[Any] | None:
    found = resource(context, stream, SseStream)
    events = await found.next()
    return None if events is None else found.shown(events)


@sysop("baml.http.SseStream.next_within", throws=("Io", "Timeout"))
async def next_within(context: Context, stream: Handle, limit_ms: int) -> list[Any] | None:
    found = resource(context, stream, SseStream)
    if (come := found.take()) is not None:
        return found.shown(come)  # as at the end of most answers: no task, and no timer
    reading = asyncio.create_task(found.next())
    try:
        await first_of(context, {reading}, max(0, limit_ms) / 1000)
    finally:
        # Before it is looked at: what has come until it stops is not lost.
        reading.cancel()
        await uninterrupted(asyncio.wait({reading}))
        if not reading.cancelled():
            reading.exception()  # looked at, also when somebody stops us meanwhile
    events = None if reading.cancelled() else reading.result()
    return None if events is None else found.shown(events)


@sysop("baml.http.SseStream.close")
async def close(context: Context, stream: Handle) -> None:
    try:
        await context.host.scope.close(stream)
    except Exception as failure:
        raise HostFailure(failure) from failure
