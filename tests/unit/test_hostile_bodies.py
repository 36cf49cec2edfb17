"""H10 to H15 of the hostile inputs: packed bodies, redirects, certificates, refusals, waits and old connections.

Sockets cannot be seen from inside a program. Both engines must withstand the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import ssl
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.wire.http import HttpTransport
from bamlet.wire.message import (
    BrokenBody,
    ConnectError,
    HttpOptions,
    ProtocolError,
    TransportError,
)
from bamlet.wire.unpacking import unpacking_for
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.support.certificates import certificate
from tests.support.exchanges import ENGINES, failed, fetch, over, run
from tests.support.local_program import KEY, at, scripted, using
from tests.support.scripted import JSON, Reply, refused, run_virtual, said

MIB = 1 << 20

# Without the time: the cases of a test are named by their bytes.
packed = partial(gzip.compress, mtime=0)
GOOD = b"".join(openai_chunks(["one ", "two"], usage=None))


def bomb() -> bytes:
    """256 MiB of zeros in a quarter of one."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(MIB)
    return b"".join([*(packer.compress(zeros) for _ in range(256)), packer.flush()])


@pytest.mark.parametrize("engine", ENGINES)
def test_h10_a_bomb_takes_no_memory(loopback: LoopbackServer, engine: Any) -> None:
    loopback.answer(Answer([bomb()], headers=[("content-encoding", "gzip")], framing="length"))

    async def test(transport: HttpTransport) -> None:
        tracemalloc.start()
        try:
            with pytest.raises(ProtocolError, match="unpacks to more than 20 times its size"):
                await fetch(transport, loopback.url)
            assert tracemalloc.get_traced_memory()[1] < 16 * MIB
        finally:
            tracemalloc.stop()

    over(engine, test)


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        ("gzip", b"not gzip", ProtocolError),
        ("deflate", b"not deflate", ProtocolError),
        ("br", b"data: x\n\n", ProtocolError),
        ("zstd", b"data: x\n\n", ProtocolError),
        ("gzip, gzip", packed(packed(b"data: x\n\n")), ProtocolError),
        ("gzip", packed(b"data: x\n\n")[:-4], BrokenBody),
    ],
)
def test_h10_a_wrong_label_is_an_error(
    loopback: LoopbackServer, encoding: str, body: bytes, error: type[TransportError]
) -> None:
    loopback.answer(Answer([body], headers=[("content-encoding", encoding)], framing="length"))

    async def test(transport: HttpTransport) -> None:
        with pytest.raises(error):
            await fetch(transport, loopback.url)

    over("auto", test)


TEXT = b"data: hello\n\n" * 1000


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("identity", TEXT),
        ("gzip", packed(TEXT)),
        ("gzip", packed(TEXT[:99]) + packed(TEXT[99:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT, wbits=-15)),
        ("gzip", b""),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_h10_what_is_packed_well_is_unpacked(encoding: str, body: bytes, size: int) -> None:
    unpacking = unpacking_for(encoding)
    pieces = [piece for at in range(0, len(body), size) for piece in unpacking.feed(body[at : at + size])]
    unpacking.finish()
    assert b"".join(pieces) == (TEXT if body else b"")


@pytest.mark.parametrize("target", ["elsewhere", "the same"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_h11_no_redirect_is_followed(loopback: LoopbackServer, status: int, target: str) -> None:
    with LoopbackServer() as elsewhere:
        url = elsewhere.url if target == "elsewhere" else loopback.url
        loopback.default = Answer(status=status, headers=[("location", f"{url}/steal")], framing="length")

        async def body() -> None:
            async with at(loopback) as rt:
                for asking in (rt.call("Say", text="x"), rt.stream("Say", text="x").final()):
                    with pytest.raises(bamlet.BamlClientHttpError) as raised:
                        await asking
                    assert raised.value.status_code == status

        run(body())
        assert elsewhere.connections == []
    assert [request.path for request in loopback.requests] == ["/chat/completions"] * 2


# --- TLS


@pytest.fixture
def over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LoopbackServer]]:
    """Starts a server with such a certificate, which the client trusts if it shall."""
    with contextlib.ExitStack() as servers:

        def start(name: str = "localhost", days: int = 1, *, trusted: bool = True) -> LoopbackServer:
            pem = certificate(tmp_path, name, days)
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", str(pem))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            return servers.enter_context(LoopbackServer(context))

        yield start


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("name", "days", "trusted", "reason"),
    [
        ("localhost", 1, False, "self-signed certificate"),
        ("localhost", -1, True, "certificate has expired"),
        ("elsewhere.test", 1, True, "mismatch"),
    ],
)
def test_h12_a_certificate_that_proves_nothing_is_an_error(
    over_tls: Callable[..., LoopbackServer], name: str, days: int, trusted: bool, reason: str, engine: Any
) -> None:
    server = over_tls(name, days, trusted=trusted)

    async def test(transport: HttpTransport) -> None:
        with pytest.raises(ConnectError, match=f"its certificate is not trusted .*{reason}"):
            await fetch(transport, server.url)
        assert server.requests == []

    over(engine, test)


@pytest.mark.parametrize("engine", ENGINES)
def test_h12_an_end_that_nobody_vouches_for_is_no_end(
    over_tls: Callable[..., LoopbackServer], engine: Any
) -> None:
    """Whoever sits between can close the socket, but cannot say goodbye in the name of the server."""
    server = over_tls()
    server.answer(
        Answer(openai_chunks(["ha", "lf"], None)[:-1], framing="close"),
        Answer(openai_chunks(["ha", "lf"], None)[:-1], end="incomplete_chunked"),
        Answer([GOOD], framing="close"),
        Answer([GOOD]),
    )

    async def body() -> None:
        async with at(server, transport=HttpOptions(engine=engine)) as rt:
            for cause in ("truncated|network", "network"):
                with pytest.raises(bamlet.BamlClientError) as raised:
                    await rt.stream("Say", text="x").final()
                assert raised.value.attempts[0].cause in cause.split("|")
            for _ in range(2):
                assert await rt.stream("Say", text="x").final() == "one two"

    run(body())


# --- refusals and waits


@pytest.mark.parametrize("size", [MIB, 50 * MIB])
def test_h13_the_body_of_a_refusal_is_read_in_part(loopback: LoopbackServer, size: int) -> None:
    part = f"wrong key {KEY} ".encode().ljust(65536, b"x")
    loopback.default = Answer([part] * (size >> 16), 400, (("content-type", "text/plain"),))

    async def body() -> None:
        async with at(loopback) as rt:
            for asking in (rt.call("Say", text="x"), rt.stream("Say", text="x").final()):
                with pytest.raises(bamlet.BamlClientHttpError) as raised:
                    await asking
                assert len(raised.value.body) <= 65536
                assert "wrong key <redacted>" in raised.value.body
                assert KEY not in repr(vars(raised.value))

    run(body())


@pytest.mark.parametrize("how", ["call", "stream"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", f"<html>log in {KEY}</html>" + "x" * 100_000),
        ("application/json", json.dumps({"error": {"message": f"bad key {KEY}"}})),
    ],
)
def test_h13_a_success_that_is_none_is_an_error_without_the_key(how: str, kind: str, body: str) -> None:
    async def test() -> None:
        rt, _ = scripted({"Local": Reply([body.encode()], headers=(("content-type", kind),))})
        asking = rt.call("Say", text="x") if how == "call" else rt.stream("Say", text="x").final()
        with pytest.raises(bamlet.BamlClientError) as raised:
            await asking
        assert KEY not in repr(vars(raised.value)) + str(raised.value)
        assert len(str(raised.value)) < 3000

    run_virtual(test())


DATED = (("date", "Sat, 28 Nov 2026 12:00:00 GMT"),)


@pytest.mark.parametrize(
    ("headers", "second"),
    [
        ((("retry-after", "0"),), 1),
        ((("retry-after", "-1"),), 1),
        ((("retry-after", "nan"),), 1),
        ((("retry-after", "1e400"),), 1),
        ((("retry-after", "soon"),), 1),
        ((("retry-after", "Sat, 28 Nov 2026 11:00:00 GMT"), *DATED), 1),
        ((("retry-after", "Sat, 28 Nov 2026 12:00:03 GMT"), *DATED), 3000),
        ((("retry-after", "2"),), 2000),
    ],
)
def test_h14_a_wait_is_never_shorter_than_the_policy(headers: Any, second: int) -> None:
    async def body() -> None:
        rt, transport = scripted({"Retried": [refused(429, (*JSON, *headers)), said("late")]})
        assert await rt.call("Say", text="x", context=using("Retried")) == "late"
        assert [at_ms for _, at_ms in transport.sent] == [0, second]

    run_virtual(body())


def test_h14_a_wait_beyond_the_deadline_fails_at_once_and_says_why() -> None:
    error = failed(refused(429, (*JSON, ("retry-after", "1e9"))), "Retried")
    assert isinstance(error, bamlet.BamlClientHttpError)
    assert "would have to wait 1000000000000 ms" in str(error)
    assert len(error.attempts) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_h15_a_connection_that_was_closed_while_idle_is_not_used(loopback: LoopbackServer, engine: Any) -> None:
    loopback.default = Answer([b"ok"])

    async def test(transport: HttpTransport) -> None:
        assert await fetch(transport, loopback.url) == b"ok"
        loopback.connections[0].socket.shutdown(2)
        await asyncio.to_thread(loopback.connections[0].wait_client_left, 5)
        assert await fetch(transport, loopback.url) == b"ok"
        assert len(loopback.requests) == 2

    over(engine, test)


@pytest.mark.parametrize("engine", ENGINES)
def test_h15_a_request_that_may_have_arrived_is_sent_again_only_by_a_policy(
    loopback: LoopbackServer, engine: Any
) -> None:
    """Asking a model twice costs twice, so nothing below the policy does it, but for a connection that had served
    before: its server may have closed it before it heard of the request.
    """
    gone = Answer(raw_head=b"", framing="close")
    loopback.answer(gone, Answer([GOOD]), gone, Answer([GOOD]))

    async def body() -> None:
        async with at(loopback, transport=HttpOptions(engine=engine)) as rt:

            async def say(client: str) -> Any:
                return await rt.stream("Say", text="x", context=using(client)).final()

            with pytest.raises(bamlet.BamlClientError, match="without an answer"):
                await say("Local")
            assert len(loopback.requests) == 1
            assert await say("Local") == "one two"
            assert await say("Retried") == "one two"
            assert len(loopback.requests) == 4

    run(body())
