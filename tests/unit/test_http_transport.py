"""The transport against a socket: what arrives, when the socket is let go, what a failure is called.

Programs see an answer or an error; which bytes and when the peer was left, only the wire shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bamlet import _version
from bamlet.wire.heads import MAX_HEAD_BYTES, MAX_HEAD_FIELDS
from bamlet.wire.http import HttpTransport
from bamlet.wire.message import (
    BrokenBody,
    ConnectError,
    ConnectionReset,
    ConnectTimeout,
    HttpOptions,
    InvalidRequest,
    NoAnswer,
    ProtocolError,
    Request,
    Response,
    TransportError,
)
from tests.servers.loopback import Answer, Connection, LoopbackServer, Pause, openai_chunks

LEAVE_SECONDS = 0.05
HELD_OPEN = Answer([b"data: a\n\n"], end="open")


# Every test runs over all of them: what moves the bytes must not show.
OPTIONS = {
    "h11": HttpOptions(engine="h11"),
    "httptools": HttpOptions(engine="httptools"),
    "httpx": HttpOptions(engine="httpx"),
    "http2": HttpOptions(http2=True),
}


@pytest.fixture(params=OPTIONS, autouse=True)
def options(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> HttpOptions:
    given = OPTIONS[request.param]
    monkeypatch.setattr(sys.modules[__name__], "carried_by", given)
    return given


carried_by = HttpOptions()


def run(test: Callable[[HttpTransport], Coroutine[Any, Any, None]]) -> None:
    async def body() -> None:
        async with contextlib.aclosing(HttpTransport(carried_by)) as transport:
            await test(transport)

    asyncio.run(asyncio.wait_for(body(), 10))


async def get(transport: HttpTransport, url: str) -> Response:
    return await transport.open(Request("POST", url), connect_timeout=5)


async def fetch(transport: HttpTransport, url: str) -> bytes:
    return b"".join([chunk async for chunk in (await get(transport, url)).chunks()])


async def left_in_time(connection: Connection, since: float) -> None:
    """The server sees the client leave within the limit, while this loop goes on."""
    left_at = await asyncio.to_thread(connection.wait_client_left, 5)
    assert left_at - since < LEAVE_SECONDS


async def first(chunks: AsyncIterator[bytes]) -> bytes:
    return await anext(chunks)


def test_the_body_comes_as_it_was_sent(loopback: LoopbackServer) -> None:
    parts = openai_chunks(["Hello", " é😀"])
    loopback.answer(Answer(parts))

    async def test(transport: HttpTransport) -> None:
        response = await get(transport, loopback.url)
        assert response.status == 200
        assert response.http_version == "HTTP/1.1"
        assert ("content-type", "text/event-stream") in response.headers
        # Those that came together may be handed out together.
        assert b"".join([chunk async for chunk in response.chunks()]) == b"".join(parts)

    run(test)


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_the_head_is_seen_before_the_body_and_chunks_before_the_end(
    loopback: LoopbackServer, framing: Any
) -> None:
    loopback.answer(Answer([b"one", Pause(0.1), b"two"], status=418, framing=framing, end="clean"))

    async def test(transport: HttpTransport) -> None:
        response = await get(transport, loopback.url)
        assert response.status == 418
        chunks = response.chunks()
        assert await first(chunks) == b"one"
        between = time.monotonic()
        assert await first(chunks) == b"two"
        assert time.monotonic() - between > 0.05
        assert [chunk async for chunk in chunks] == []

    run(test)


def test_the_request_is_sent_as_it_is_given(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(framing="length"), Answer(framing="length"))
    body = '{"a" : "é"}'.encode()
    plain = Request("POST", f"{loopback.url}/v1/x%3Ay:z?q=1&r=%20", (("X-Key", "k"),), body)
    asking = Request("GET", loopback.url, (("user-agent", "mine"), ("accept-encoding", "identity")))

    async def test(transport: HttpTransport) -> None:
        for request in (plain, asking):
            await (await transport.open(request, connect_timeout=5)).aclose()

    run(test)
    first_seen, second_seen = loopback.requests
    host = f"127.0.0.1:{loopback.port}"
    assert first_seen.method == "POST"
    assert first_seen.path == "/v1/x%3Ay:z?q=1&r=%20"
    assert first_seen.body == body
    assert sorted(first_seen.headers) == [
        ("content-length", str(len(body))),
        ("host", host),
        ("user-agent", f"bamlet/{_version.__version__}"),
        ("x-key", "k"),
    ]
    assert sorted(second_seen.headers) == [
        ("accept-encoding", "identity"),
        ("host", host),
        ("user-agent", "mine"),
    ]


def test_a_connection_serves_again_after_its_answer_was_read(loopback: LoopbackServer) -> None:
    loopback.default = Answer([b"ok"])

    async def test(transport: HttpTransport) -> None:
        for _ in range(3):
            assert await fetch(transport, loopback.url) == b"ok"

    run(test)
    assert len(loopback.connections) == 1


def test_neither_redirects_nor_cookies_are_followed(loopback: LoopbackServer) -> None:
    elsewhere = [("location", "/other"), ("set-cookie", "a=b")]
    loopback.answer(Answer(status=307, headers=elsewhere, framing="length"), Answer(framing="length"))

    async def test(transport: HttpTransport) -> None:
        moved = await get(transport, loopback.url)
        assert moved.status == 307
        await moved.aclose()
        await (await get(transport, loopback.url)).aclose()

    run(test)
    assert [request.path for request in loopback.requests] == ["/", "/"]
    assert loopback.requests[1].header("cookie") is None


@pytest.mark.parametrize("answer", [HELD_OPEN, Answer([b"data: a\n\n", Pause(60)])])
def test_closing_half_way_lets_the_server_go_at_once(loopback: LoopbackServer, answer: Answer) -> None:
    loopback.answer(answer)

    async def test(transport: HttpTransport) -> None:
        response = await get(transport, loopback.url)
        assert await first(response.chunks()) == b"data: a\n\n"
        since = time.monotonic()
        await response.aclose()
        await response.aclose()
        await left_in_time(loopback.connections[0], since)

    run(test)


def test_closing_before_reading_lets_the_server_go_at_once(loopback: LoopbackServer) -> None:
    loopback.answer(HELD_OPEN)

    async def test(transport: HttpTransport) -> None:
        response = await get(transport, loopback.url)
        since = time.monotonic()
        await response.aclose()
        await left_in_time(loopback.connections[0], since)

    run(test)


def test_closing_wakes_a_reader(loopback: LoopbackServer) -> None:
    loopback.answer(HELD_OPEN)

    async def test(transport: HttpTransport) -> None:
        response = await get(transport, loopback.url)
        reading = asyncio.ensure_future(read_all(response, []))
        await asyncio.to_thread(loopback.wait_requests, 1, 5)
        await asyncio.sleep(0)
        await response.aclose()
        with pytest.raises(BrokenBody, match="closed while it was being read"):
            await reading

    run(test)


async def read_all(response: Response, into: list[bytes]) -> None:
    async for chunk in response.chunks():
        into.append(chunk)


def test_closing_the_transport_lets_every_server_go(loopback: LoopbackServer) -> None:
    loopback.default = HELD_OPEN

    async def test(transport: HttpTransport) -> None:
        responses = [await get(transport, loopback.url) for _ in range(3)]
        since = time.monotonic()
        await transport.aclose()
        await transport.aclose()
        for connection in loopback.connections:
            await left_in_time(connection, since)
        for response in responses:
            await response.aclose()
        with pytest.raises(RuntimeError, match="the transport is closed"):
            await get(transport, loopback.url)

    run(test)


def test_closing_the_transport_goes_on_when_its_caller_is_cancelled(loopback: LoopbackServer) -> None:
    loopback.default = HELD_OPEN

    async def test(transport: HttpTransport) -> None:
        responses = [await get(transport, loopback.url) for _ in range(3)]
        closing = asyncio.create_task(transport.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait({closing})
        for connection in loopback.connections:
            await asyncio.to_thread(connection.wait_client_left, 5)
        for response in responses:
            await response.aclose()

    run(test)


@pytest.mark.parametrize("times", [1, 2])
def test_a_cancelled_read_lets_the_server_go_at_once(loopback: LoopbackServer, times: int) -> None:
    loopback.answer(HELD_OPEN)

    async def test(transport: HttpTransport) -> None:
        got_one = asyncio.Event()

        async def consume() -> None:
            response = await get(transport, loopback.url)
            try:
                async for _ in response.chunks():
                    got_one.set()
            finally:
                await response.aclose()

        since = await cancelled_after(got_one.wait(), consume(), times)
        await left_in_time(loopback.connections[0], since)

    run(test)


@pytest.mark.parametrize("times", [1, 2])
def test_cancelling_while_the_head_is_awaited_lets_the_server_go_at_once(
    loopback: LoopbackServer, times: int
) -> None:
    loopback.answer(Answer(head_delay=60))

    async def test(transport: HttpTransport) -> None:
        asked = asyncio.to_thread(loopback.wait_requests, 1, 5)
        since = await cancelled_after(asked, get(transport, loopback.url), times)
        await left_in_time(loopback.connections[0], since)

    run(test)


async def cancelled_after(ready: Awaitable[Any], work: Coroutine[Any, Any, Any], times: int) -> float:
    task = asyncio.ensure_future(work)
    await ready
    since = time.monotonic()
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    return since


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (Answer([b"a"], end="incomplete_chunked"), BrokenBody, "closed before the end of the answer"),
        (Answer([b"a", Pause(0.05)], end="reset"), ConnectionReset, "reset before the end of the answer"),
        (
            Answer([b"a"], raw_head=b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", framing="close"),
            BrokenBody,
            "closed before the end of the answer",
        ),
        (
            Answer(
                [b"1\r\na\r\n", Pause(0.05), b"zz\r\n", Pause(60)],
                raw_head=b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                framing="close",
            ),
            ProtocolError,
            "not framed as HTTP asks",
        ),
        (
            Answer(
                [Pause(0.05), b"zz\r\n"],
                raw_head=b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                framing="close",
            ),
            ProtocolError,
            "not framed as HTTP asks",
        ),
        (
            Answer([b"not gzip"], headers=[("content-encoding", "gzip")]),
            ProtocolError,
            "not what its content-encoding says",
        ),
    ],
)
def test_a_body_that_breaks_off_is_an_error(
    loopback: LoopbackServer, answer: Answer, error: type[TransportError], message: str
) -> None:
    loopback.answer(answer)

    async def test(transport: HttpTransport) -> None:
        response = await get(transport, loopback.url)
        with pytest.raises(error, match=message) as caught:
            await read_all(response, [])
        assert type(caught.value) is error
        assert caught.value.__cause__ is not None
        await response.aclose()

    run(test)


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (Answer(raw_head=b"", framing="close"), NoAnswer, "closed the connection without an answer"),
        (Answer(raw_head=b"", end="reset"), NoAnswer, "closed the connection without an answer"),
        (Answer(raw_head=b"HTTP/1.1 200", framing="close"), TransportError, "127.0.0.1"),
        (Answer(raw_head=b"SSH-2.0-x\r\n\r\n", framing="close"), ProtocolError, "not HTTP"),
        (
            Answer(headers=[("x", "v")] * (MAX_HEAD_FIELDS + 1)),
            ProtocolError,
            "more than 128 fields|Too many headers",
        ),
        (Answer(headers=[("x", "v" * MAX_HEAD_BYTES)]), ProtocolError, "longer than 65536 bytes|head is too long"),
        (Answer(headers=[("x", "v" * 5_000_000)]), ProtocolError, "not HTTP|not HTTP: a line"),
    ],
)
def test_no_proper_head_is_an_error(
    loopback: LoopbackServer, answer: Answer, error: type[TransportError], message: str
) -> None:
    loopback.answer(answer)

    async def test(transport: HttpTransport) -> None:
        with pytest.raises(error, match=message):
            await get(transport, loopback.url)

    run(test)


def test_a_gzip_body_is_unpacked_as_it_comes(loopback: LoopbackServer) -> None:
    text = b"data: hello\n\n" * 1000
    packed = gzip.compress(text)
    half = len(packed) // 2
    loopback.answer(Answer([packed[:half], packed[half:]], headers=[("content-encoding", "gzip")]))

    async def test(transport: HttpTransport) -> None:
        assert await fetch(transport, loopback.url) == text

    run(test)


def test_a_gzip_bomb_is_an_error(loopback: LoopbackServer) -> None:
    packed = gzip.compress(bytes(32 << 20))
    parts = [packed[i : i + 1000] for i in range(0, len(packed), 1000)]
    loopback.answer(Answer(parts, headers=[("content-encoding", "gzip")], end="open"))

    async def test(transport: HttpTransport) -> None:
        response = await get(transport, loopback.url)
        received: list[bytes] = []
        with pytest.raises(ProtocolError, match="the gzip body unpacks to more than 20 times its size"):
            await read_all(response, received)
        assert sum(map(len, received)) < 4 << 20
        since = time.monotonic()
        await response.aclose()
        await left_in_time(loopback.connections[0], since)

    run(test)


def test_a_refused_connection_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    async def test(transport: HttpTransport) -> None:
        message = f"cannot connect to 127.0.0.1:{port}: connection refused"
        with pytest.raises(ConnectError, match=message) as caught:
            await get(transport, f"http://127.0.0.1:{port}/")
        assert caught.value.__cause__ is not None

    run(test)


def test_an_unknown_host_is_said_in_words() -> None:
    async def test(transport: HttpTransport) -> None:
        with pytest.raises(ConnectError, match=r"no-such-host\.invalid: the host name is unknown"):
            await get(transport, "http://no-such-host.invalid/")

    run(test)


def test_a_server_without_tls_is_said_in_words() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def test(transport: HttpTransport) -> None:
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ConnectError, match=rf"cannot connect to 127.0.0.1:{port}: TLS failed"):
                await get(transport, f"https://127.0.0.1:{port}/")

    run(test)


@pytest.fixture
def full_listener() -> Iterator[int]:
    """The port of a listener whose queue is full: the system answers no further connection."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(3):
            queued = waiting.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(address)
        yield address[1]


def test_a_connection_that_takes_too_long_names_its_limit(full_listener: int) -> None:
    async def test(transport: HttpTransport) -> None:
        request = Request("GET", f"http://127.0.0.1:{full_listener}/")
        with pytest.raises(ConnectTimeout, match=r"no connection to 127\.0\.0\.1:\d+ within 0\.2 s"):
            await transport.open(request, connect_timeout=0.2)

    run(test)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request("GET", "ftp://x/"), "does not begin with http"),
        (Request("GET", "localhost/v1"), "does not begin with http"),
        (Request("GET", "http://x:y/"), "no server has such a URL"),
        (Request("GET", "http://x/", (("a", "é"),)), "the header 'a' holds"),
        (Request("GET", "http://127.0.0.1:9/", (("a\r\nb", "c"),)), r"the header 'a\\r\\nb' holds"),
        (Request("GET", "http://127.0.0.1:9/", (("a", "c\r\nd: e"),)), "the header 'a' holds"),
    ],
)
def test_a_request_that_is_not_http_is_not_sent(request_: Request, message: str) -> None:
    async def test(transport: HttpTransport) -> None:
        with pytest.raises((InvalidRequest, ConnectError), match=message):
            await transport.open(request_, connect_timeout=1)

    run(test)


def test_two_hundred_streams_at_once(loopback: LoopbackServer) -> None:
    parts = openai_chunks(["x"] * 5)
    loopback.default = Answer(parts)

    async def test(transport: HttpTransport) -> None:
        bodies = await asyncio.gather(*(fetch(transport, loopback.url) for _ in range(200)))
        assert set(bodies) == {b"".join(parts)}

    run(test)


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_proxy_carries_everything(
    loopback: LoopbackServer, options: HttpOptions, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loopback.answer(Answer([b"by proxy"]), Answer([b"direct"]))
    if how == "environment":
        monkeypatch.setenv("HTTP_PROXY", loopback.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    if how == "option":
        options = replace(options, proxy=loopback.url)

    async def body() -> None:
        async with contextlib.aclosing(HttpTransport(options)) as transport:
            assert await fetch(transport, "http://models.invalid/v1") == b"by proxy"
            if how == "environment":
                assert await fetch(transport, loopback.url) == b"direct"

    asyncio.run(asyncio.wait_for(body(), 10))
    assert loopback.requests[0].path == "http://models.invalid/v1"


def test_options_that_cannot_be_had() -> None:
    """`test_engines.py` has them all."""
    with pytest.raises(ValueError, match="h11 speaks no HTTP/2"):
        HttpTransport(HttpOptions(engine="h11", http2=True))
