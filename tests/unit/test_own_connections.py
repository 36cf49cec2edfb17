"""Connections of our own against sockets, by each parser and on each loop: who is believed, when a socket is let
go, and which connection serves again.

Sockets, certificates and what a server does out of turn cannot be seen from the language.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from bamlet.wire.h1 import connecting
from bamlet.wire.h1.answer import MAX_WAITING_BYTES
from bamlet.wire.http import HttpTransport
from bamlet.wire.message import (
    BrokenBody,
    ConnectError,
    ConnectTimeout,
    HttpOptions,
    InvalidRequest,
    NoAnswer,
    Request,
    Response,
    TransportError,
)
from tests.servers.loopback import LoopbackServer
from tests.support.certificates import certificate

pytestmark = pytest.mark.timeout(60)

MIB = 1 << 20
LARGE = 32 * MIB  # more than all the buffers of the system on the way
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
FINE = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Test = Callable[[HttpTransport, str], Coroutine[Any, Any, None]]


@pytest.fixture(params=["h11", "httptools"])
def engine(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=LOOPS, autouse=True)
def loop(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    """A socket that nobody closed warns when it is collected, and a warning is an error."""
    yield
    gc.collect()


def against(serve: Serve, engine: Any, loop: str, test: Test, tls: ssl.SSLContext | None = None) -> None:
    """The test beside a server that does so with each connection."""

    async def body() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/" if tls is None else f"https://localhost:{port}/"
        try:
            async with contextlib.aclosing(HttpTransport(HttpOptions(engine=engine))) as transport:
                await test(transport, url)
        finally:
            server.close()  # uvloop never ends with a server that is open

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(asyncio.wait_for(body(), 50))


async def fetch(transport: HttpTransport, url: str, body: bytes = b"", method: str = "POST") -> bytes:
    response = await transport.open(Request(method, url, (), body), connect_timeout=30)
    return await rest(response)


async def rest(response: Response) -> bytes:
    try:
        return b"".join([chunk async for chunk in response.chunks()])
    finally:
        await response.aclose()


async def request_of(reader: asyncio.StreamReader) -> bytes:
    """A whole request; nothing once the client has left."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        return head + await reader.readexactly(int(size.partition(b":")[2]))
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def answering(*answers: bytes) -> Serve:
    """Each connection gets them in turn, and is closed then."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            if not await request_of(reader):
                break
            writer.write(answer)
            await writer.drain()
        writer.close()

    return serve


# --- out of turn


def test_an_answer_before_the_request_is_out_is_an_answer(engine: Any, loop: str) -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
        await writer.drain()
        # Nobody reads on: most of the request is still with the client.
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await left.wait()
        writer.close()

    async def test(transport: HttpTransport, url: str) -> None:
        response = await transport.open(Request("POST", url, (), b"x" * LARGE), connect_timeout=30)
        assert (response.status, await rest(response)) == (413, b"big")
        left.set()
        # Its connection is in the middle of a request, and serves nobody.
        response = await transport.open(Request("POST", url, (), b"x"), connect_timeout=30)
        assert (response.status, await rest(response)) == (413, b"big")

    against(serve, engine, loop, test)


def test_a_server_that_closes_its_side_only_has_ended_the_answer(engine: Any, loop: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        writer.write_eof()
        assert await reader.read() == b""  # we leave too
        writer.close()

    async def test(transport: HttpTransport, url: str) -> None:
        for _ in range(2):
            assert await fetch(transport, url) == b"all of it"

    against(serve, engine, loop, test)


def test_what_is_said_unasked_is_nobodys_answer(engine: Any, loop: str) -> None:
    served: list[int] = []
    said = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(1)
        number = len(served)
        while await request_of(reader):
            writer.write(FINE)
            await writer.drain()
            if number == 1:
                writer.write(FINE.replace(b"fine", b"evil"))
                await writer.drain()
                assert await reader.read() == b""  # the client has heard it, and left
                said.set()
        writer.close()

    async def test(transport: HttpTransport, url: str) -> None:
        assert await fetch(transport, url) == b"fine"
        await said.wait()
        assert [await fetch(transport, url) for _ in range(2)] == [b"fine"] * 2
        assert len(served) == 2

    against(serve, engine, loop, test)


def test_an_answer_that_nobody_reads_stops_the_server(engine: Any, loop: str) -> None:
    sent = 0
    stopped = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % LARGE)
        for _ in range(LARGE // MIB):
            writer.write(b"x" * MIB)
            try:
                # Not the client's patience: the system's buffers, which are full at once.
                await asyncio.wait_for(writer.drain(), 1 if not stopped.is_set() else 40)
            except TimeoutError:
                stopped.set()
                await writer.drain()
            sent += MIB
        writer.close()

    async def test(transport: HttpTransport, url: str) -> None:
        response = await transport.open(Request("POST", url), connect_timeout=30)
        await stopped.wait()
        assert sent < LARGE // 2
        largest = size = 0
        async for chunk in response.chunks():
            largest, size = max(largest, len(chunk)), size + len(chunk)
        assert (size, largest < 4 * MAX_WAITING_BYTES) == (LARGE, True)

    against(serve, engine, loop, test)


def test_closing_the_transport_ends_an_exchange_that_waits(engine: Any, loop: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        asked.set()
        await reader.read()
        writer.close()

    asked = asyncio.Event()

    async def test(transport: HttpTransport, url: str) -> None:
        asking = asyncio.ensure_future(fetch(transport, url))
        await asked.wait()
        await transport.aclose()
        with pytest.raises(TransportError):
            await asking
        with pytest.raises(RuntimeError, match="the transport is closed"):
            await fetch(transport, url)

    against(serve, engine, loop, test)


# --- what goes out


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET / HTTP/1.1\r\nx: y\r\n\r\nGET", ()),
        ("", ()),
        ("POST", (("content-length", "3"),)),
        ("POST", (("content-length", "4"), ("Content-Length", "4"))),
        ("POST", (("transfer-encoding", "chunked"),)),
    ],
)
def test_a_request_that_might_be_read_as_two_is_not_sent(
    engine: Any, loop: str, method: str, headers: tuple[tuple[str, str], ...]
) -> None:
    async def test(transport: HttpTransport, url: str) -> None:
        with pytest.raises(InvalidRequest, match="cannot be sent"):
            await transport.open(Request(method, url, headers, b"body"), connect_timeout=30)

    against(answering(FINE), engine, loop, test)


def test_headers_of_the_wire_may_be_given(engine: Any, loop: str) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await request_of(reader))
        writer.write(FINE)
        writer.close()

    async def test(transport: HttpTransport, url: str) -> None:
        given = (("Host", "signed.example"), ("Content-Length", "4"), ("user-agent", "me"))
        response = await transport.open(Request("PUT", f"{url}a?b", given, b"body"), connect_timeout=30)
        assert await rest(response) == b"fine"
        assert heads == [
            b"PUT /a?b HTTP/1.1\r\nHost: signed.example\r\nContent-Length: 4\r\nuser-agent: me\r\n\r\nbody"
        ]

    against(serve, engine, loop, test)


def test_what_begins_alike_has_its_own_length(engine: Any, loop: str) -> None:
    told: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append(await request_of(reader))
        writer.write(FINE)
        writer.close()

    async def test(transport: HttpTransport, url: str) -> None:
        headers = (("user-agent", "me"),)
        for method, body in (("POST", b"one"), ("POST", b"another"), ("POST", b""), ("GET", b"")):
            response = await transport.open(Request(method, url, headers, body), connect_timeout=30)
            assert await rest(response) == b"fine"
        lines = [[line for line in one.split(b"\r\n") if not line.startswith(b"host:")] for one in told]
        assert lines == [
            [b"POST / HTTP/1.1", b"user-agent: me", b"content-length: 3", b"", b"one"],
            [b"POST / HTTP/1.1", b"user-agent: me", b"content-length: 7", b"", b"another"],
            [b"POST / HTTP/1.1", b"user-agent: me", b"content-length: 0", b"", b""],
            [b"GET / HTTP/1.1", b"user-agent: me", b"", b""],
        ]
        given = (*headers, ("content-length", "3"))
        await (await transport.open(Request("POST", url, given, b"one"), connect_timeout=30)).aclose()
        with pytest.raises(InvalidRequest, match="not the length of its body"):
            await transport.open(Request("POST", url, given, b"another"), connect_timeout=30)

    against(serve, engine, loop, test)


# --- connecting


@pytest.fixture
def full() -> Iterator[tuple[str, int]]:
    """A listener whose queue is full: the system answers no further connection."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            queued = waiting.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
        yield listener.getsockname()


def connected_to(loop: str, places: list[Any], limit: float | None = None) -> Any:
    async def body() -> Any:
        async with asyncio.timeout(limit):
            with await connecting.first_of([(socket.AF_INET, place) for place in places]) as found:
                return found.getpeername()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        return runner.run(asyncio.wait_for(body(), 50))


def test_an_address_that_does_not_answer_does_not_hold_up_the_next(loop: str, full: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as closed:
        refused = closed.getsockname()
        closed.close()
        good = listener.getsockname()
        assert connected_to(loop, [full, good]) == good
        assert connected_to(loop, [refused, full, good]) == good
        with pytest.raises(ConnectionRefusedError):
            connected_to(loop, [refused, refused])
        with pytest.raises(TimeoutError):
            connected_to(loop, [full, refused, full], limit=0.5)


def test_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    four, six = socket.AF_INET, socket.AF_INET6
    found = [(family, 0, 0, "", place) for family, place in [(six, 1), (six, 2), (four, 3), (six, 4)]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert asyncio.run(connecting.places_of("h", 80)) == [(six, 1), (four, 3), (six, 2), (six, 4)]


# --- TLS


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate that the client believes, since `SSL_CERT_FILE` names it."""
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_large_bodies_go_both_ways_over_tls(
    engine: Any, loop: str, trusted: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    trusted.minimum_version = trusted.maximum_version = version
    large = bytes(range(256)) * (8 * MIB // 256)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await request_of(reader):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(large))
            writer.write(request[-len(large) :])
            await writer.drain()
        writer.close()

    async def test(transport: HttpTransport, url: str) -> None:
        for _ in range(2):
            assert await fetch(transport, url, large) == large

    against(serve, engine, loop, test, trusted)


def test_only_http_1_is_offered(engine: Any, loop: str, trusted: ssl.SSLContext) -> None:
    trusted.set_alpn_protocols(["h2", "http/1.1"])
    chosen: list[str | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        chosen.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await answering(FINE)(reader, writer)

    async def test(transport: HttpTransport, url: str) -> None:
        assert await fetch(transport, url) == b"fine"
        assert chosen == ["http/1.1"]

    against(serve, engine, loop, test, trusted)


@pytest.mark.parametrize("says_so", [True, False])
def test_only_the_server_can_end_an_answer_without_a_length(
    engine: Any, loop: str, trusted: ssl.SSLContext, says_so: bool
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")
        await writer.drain()
        if says_so:
            writer.close()
        else:
            with socket.socket(fileno=socket.dup(writer.get_extra_info("socket").fileno())) as below:
                below.shutdown(socket.SHUT_RDWR)
            writer.transport.abort()

    async def test(transport: HttpTransport, url: str) -> None:
        if says_so:
            assert await fetch(transport, url) == b"half of it"
        else:
            with pytest.raises(BrokenBody, match="closed before the end"):
                await fetch(transport, url)

    against(serve, engine, loop, test, trusted)


def test_a_server_that_wants_a_certificate_of_ours_says_so(
    engine: Any, loop: str, trusted: ssl.SSLContext
) -> None:
    trusted.verify_mode = ssl.CERT_REQUIRED
    with LoopbackServer(trusted) as server:

        async def test(transport: HttpTransport, _: str) -> None:
            # It says so behind the handshake, and closes: its word may be lost with what we have sent meanwhile.
            refused = r"cannot connect to localhost:\d+: TLS failed \(.*CERTIFICATE|closed the connection without"
            with pytest.raises((ConnectError, NoAnswer), match=refused):
                await fetch(transport, server.url)

        against(answering(), engine, loop, test)


@pytest.mark.parametrize("does", ["nothing", "closes", "speaks plainly"])
def test_a_handshake_that_comes_to_nothing_is_no_connection(
    engine: Any, loop: str, trusted: ssl.SSLContext, does: str
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if does == "speaks plainly":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        if does == "nothing":
            await reader.read()
        writer.close()

    async def test(transport: HttpTransport, url: str) -> None:
        expected = ConnectTimeout if does == "nothing" else ConnectError
        request, limit = Request("GET", url.replace("http:", "https:")), 0.5 if does == "nothing" else 30
        with pytest.raises(expected, match=r"127\.0\.0\.1:\d+") as raised:
            await transport.open(request, connect_timeout=limit)
        assert type(raised.value) is expected

    against(serve, engine, loop, test)


@pytest.mark.parametrize("over_tls", [False, True])
def test_one_that_was_closed_with_nothing_said_is_opened_anew(
    engine: Any, loop: str, trusted: ssl.SSLContext, over_tls: bool
) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        if await request_of(reader) and connections < 3:
            writer.write(FINE)
            await writer.drain()
            await request_of(reader)
        writer.close()

    async def test(transport: HttpTransport, url: str) -> None:
        assert [await fetch(transport, url) for _ in range(2)] == [b"fine"] * 2
        with pytest.raises(NoAnswer):
            await fetch(transport, url)
        assert connections == 3

    against(serve, engine, loop, test, trusted if over_tls else None)
