"""The transport against a real HTTP server that somebody else wrote, with the faults it can make."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from base64 import b64encode
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bamlet.wire.http import HttpTransport
from bamlet.wire.message import NoAnswer, Request, Response, TransportError
from bamlet.wire.sse import Event, EventDecoder
from tests.servers.loopback import openai_chunks
from tests.servers.wiremock import WireMockServer

PATH = "/v1/chat/completions"
DELTAS = ["Hello", " \u2028é😀", " world"]
STREAM = b"".join(openai_chunks(DELTAS))
EVENTS = EventDecoder().feed(STREAM)


def run(test: Callable[[HttpTransport], Coroutine[Any, Any, None]]) -> None:
    async def body() -> None:
        async with contextlib.aclosing(HttpTransport()) as transport:
            await test(transport)

    asyncio.run(asyncio.wait_for(body(), 20))


def stub(server: WireMockServer, /, scenario: dict[str, str] | None = None, **response: Any) -> None:
    response.setdefault("headers", {"content-type": "text/event-stream"})
    request = {"method": "POST", "urlPath": PATH}
    server.stub({"request": request, "response": response, **(scenario or {})})


async def post(transport: HttpTransport, server: WireMockServer) -> Response:
    request = Request("POST", server.url + PATH, (("content-type", "application/json"),), b'{"model": "m"}')
    return await transport.open(request, connect_timeout=5)


async def read(response: Response, into: list[bytes]) -> None:
    async with contextlib.aclosing(response):
        async for chunk in response.chunks():
            into.append(chunk)


async def body(response: Response) -> bytes:
    chunks: list[bytes] = []
    await read(response, chunks)
    return b"".join(chunks)


def test_a_stream(wiremock: WireMockServer) -> None:
    stub(wiremock, status=200, base64Body=b64encode(STREAM).decode())

    async def test(transport: HttpTransport) -> None:
        response = await post(transport, wiremock)
        assert response.status == 200
        assert await body(response) == STREAM

    run(test)
    [request] = wiremock.journal()
    assert (request["method"], request["url"], request["body"]) == ("POST", PATH, '{"model": "m"}')


def test_a_stream_in_pieces_has_the_same_events(wiremock: WireMockServer) -> None:
    pieces = {"numberOfChunks": 40, "totalDuration": 200}
    stub(wiremock, status=200, base64Body=b64encode(STREAM).decode(), chunkedDribbleDelay=pieces)

    async def test(transport: HttpTransport) -> None:
        chunks: list[bytes] = []
        await read(await post(transport, wiremock), chunks)
        assert len(chunks) > 5
        decoder = EventDecoder()
        events: list[Event] = [event for chunk in chunks for event in decoder.feed(chunk)]
        assert events == EVENTS

    run(test)


def test_a_packed_body(wiremock: WireMockServer) -> None:
    packed = b64encode(gzip.compress(STREAM)).decode()
    stub(wiremock, status=200, base64Body=packed, headers={"content-encoding": "gzip"})

    async def test(transport: HttpTransport) -> None:
        assert await body(await post(transport, wiremock)) == STREAM

    run(test)


def test_an_error_status_is_an_answer(wiremock: WireMockServer) -> None:
    stub(wiremock, status=500, jsonBody={"error": {"message": "no"}})

    async def test(transport: HttpTransport) -> None:
        response = await post(transport, wiremock)
        assert response.status == 500
        assert await body(response) == b'{"error":{"message":"no"}}'

    run(test)


def test_a_busy_server_that_recovers(wiremock: WireMockServer) -> None:
    busy = {"scenarioName": "retry", "requiredScenarioState": "Started", "newScenarioState": "well"}
    stub(wiremock, busy, status=503, headers={"retry-after": "1"})
    stub(wiremock, {"scenarioName": "retry", "requiredScenarioState": "well"}, status=200, body="ok")

    async def test(transport: HttpTransport) -> None:
        first = await post(transport, wiremock)
        assert first.status == 503
        assert ("retry-after", "1") in first.headers
        await first.aclose()
        second = await post(transport, wiremock)
        assert (second.status, await body(second)) == (200, b"ok")

    run(test)
    assert len(wiremock.journal()) == 2


@pytest.mark.parametrize("fault", ["CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE"])
def test_a_connection_that_dies_without_an_answer(wiremock: WireMockServer, fault: str) -> None:
    stub(wiremock, fault=fault)

    async def test(transport: HttpTransport) -> None:
        with pytest.raises(NoAnswer, match="closed the connection without an answer"):
            await post(transport, wiremock)

    run(test)


def test_a_body_of_garbage(wiremock: WireMockServer) -> None:
    stub(wiremock, status=200, fault="MALFORMED_RESPONSE_CHUNK")

    async def test(transport: HttpTransport) -> None:
        async def exchange() -> None:
            # The first step fails already, if the garbage comes together with the head.
            await body(await post(transport, wiremock))

        with pytest.raises(TransportError):
            await exchange()

    run(test)


def test_a_reset_forgets_mappings_and_journal(wiremock: WireMockServer) -> None:
    stub(wiremock, status=200)
    wiremock.reset()

    async def test(transport: HttpTransport) -> None:
        response = await post(transport, wiremock)
        assert response.status == 404
        await response.aclose()

    run(test)
    wiremock.reset()
    assert wiremock.journal() == []
