"""Where an answer ends, by each parser of our own connections: both take the same, and what only one would take is
listed here.

Bytes of a server cannot be seen from the language. The cases stay, whichever parsers there are.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from bamlet.wire.h1.connection import Connection
from bamlet.wire.h1.counted import counted
from bamlet.wire.h1.exchange import Origin, Outgoing
from bamlet.wire.h1.over_h11 import H11Framing
from bamlet.wire.h1.pool import framing_of
from bamlet.wire.heads import Head
from bamlet.wire.message import TransportError

PARSERS = ["h11", "httptools"]

pytestmark = pytest.mark.timeout(60)


class Socket(asyncio.Transport):
    """What the loop would have made."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def abort(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_write_buffer_size(self) -> int:
        return 0


class Owner:
    kept = False

    def hold(self, connection: Connection) -> None: ...

    def forget(self, connection: Connection) -> None: ...

    def keep(self, connection: Connection) -> None:
        self.kept = True


class Outcome(NamedTuple):
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    failure: str
    kept: bool

    @property
    def meaning(self) -> tuple[object, ...]:
        """How far a body got that is refused, and in which words, may differ."""
        return (self.status, self.headers, self.body, self.kept) if not self.failure else ("refused",)


async def outcome(parser: Any, pieces: Sequence[bytes], method: str = "POST", *, ends: bool = True) -> Outcome:
    """What becomes of an answer in such pieces, after which the server says that no more comes."""
    owner, sock = Owner(), Socket()
    connection = Connection(owner, Origin("h", 80, over_tls=False), "h", framing_of(parser)())
    connection.connection_made(sock)
    asking = asyncio.ensure_future(connection.ask(Outgoing(method, b"")))
    await asyncio.sleep(0)
    for piece in pieces:
        if not sock.is_closed:
            connection.data_received(piece)
    if ends and not sock.is_closed:
        connection.eof_received()
    # One that is kept may be closed later, of which nobody hears.
    if ends or sock.is_closed:
        connection.connection_lost(None)
    body, answer = b"", None
    try:
        answer = await asyncio.wait_for(asking, 10)
        async for chunk in answer.chunks():
            body += chunk
    except TransportError as failure:
        status, headers = (answer.status, answer.headers) if answer is not None else (0, ())
        return Outcome(status, headers, body, type(failure).__name__, owner.kept and not sock.is_closed)
    return Outcome(answer.status, answer.headers, body, "", owner.kept and not (ends and sock.is_closed))


def outcomes(parser: str, data: bytes, method: str = "POST") -> Outcome:
    """However it is cut: at once, and byte by byte."""

    async def body() -> Outcome:
        whole = await outcome(parser, [data], method)
        single = await outcome(parser, [bytes([byte]) for byte in data], method)
        assert whole.meaning[:-1] == single.meaning[:-1]
        return whole

    return asyncio.run(asyncio.wait_for(body(), 20))


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
NEXT = OK + b"content-length: 4\r\n\r\nevil"


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("data", "body", "kept"),
    [
        (OK + b"content-length: 5\r\n\r\nhello", b"hello", True),
        (OK + b"content-length: 0\r\n\r\n", b"", True),
        (OK + b"Content-Length:\t5 \r\n\r\nhello", b"hello", True),
        (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", b"hello", True),
        (CHUNKED + b"0005\r\nhello\r\nA\r\n0123456789\r\n000\r\n\r\n", b"hello0123456789", True),
        (CHUNKED + b"5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n", b"hello", True),
        (OK + b"Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"hello", True),
        (OK + b"content-length: 5\r\nconnection: close\r\n\r\nhello", b"hello", False),
        (OK + b"content-length: 5\r\nconnection: x, Close\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nhello", b"hello", False),
        (OK + b"\r\nhello", b"hello", False),
        (OK + b"connection: keep-alive\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello", b"hello", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", b"", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: a\r\n\r\n" + NEXT, b"evil", True),
        # Behind the answer, where the next one would be looked for.
        (OK + b"content-length: 5\r\n\r\nhello" + NEXT, b"hello", False),
        (OK + b"content-length: 5\r\n\r\nhello" + b"x", b"hello", False),
        (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n" + NEXT, b"hello", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n" + NEXT, b"", False),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\nevil", b"", False),
    ],
)
def test_an_answer_ends_where_it_says_and_only_a_clean_connection_serves_again(
    parser: str, data: bytes, body: bytes, kept: bool
) -> None:
    found = outcomes(parser, data)
    assert (found.body, found.failure, found.kept) == (body, "", kept)


@pytest.mark.parametrize("parser", PARSERS)
def test_the_answer_to_head_has_no_body(parser: str) -> None:
    assert outcomes(parser, OK + b"content-length: 5\r\n\r\n", "HEAD").meaning[2] == b""
    assert not outcomes(parser, OK + b"content-length: 4\r\n\r\nevil", "HEAD").kept


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    "data",
    [
        # Two readers might disagree about where these end.
        OK + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        OK + b"content-length: 4\r\ncontent-length: 5\r\n\r\nevil!",
        OK + b"content-length: 4\r\ncontent-length: 4\r\n\r\nevil",
        OK + b"content-length: 4, 4\r\n\r\nevil",
        OK + b"content-length: +4\r\n\r\nevil",
        OK + b"content-length: -4\r\n\r\nevil",
        OK + b"content-length: 4 4\r\n\r\nevil",
        OK + b"content-length: 0x4\r\n\r\nevil",
        OK + b"content-length: 4_0\r\n\r\nevil",
        OK + b"content-length:\r\n\r\nevil",
        OK + b"content-length: \xb2\r\n\r\nevil",
        OK + b"content-length: 99999999999999999999\r\n\r\nevil",
        OK + b"content-length : 4\r\n\r\nevil",
        OK + b"content-length\r\n: 4\r\n\r\nevil",
        OK + b" content-length: 4\r\n\r\nevil",
        OK + b"x: a\r\n content-length: 4\r\n\r\nevil",
        OK + b"content-length: 4\n\r\nevil",
        OK + b"content-length: 4\n\nevil",
        OK + b"content-length: 4\r\r\n\r\nevil",
        OK + b"x: \0\r\ncontent-length: 4\r\n\r\nevil",
        OK + b"x\0: y\r\ncontent-length: 4\r\n\r\nevil",
        OK + b": y\r\ncontent-length: 4\r\n\r\nevil",
        OK + b"transfer-encoding: xchunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        OK + b"transfer-encoding: chunked, identity\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        OK + b"transfer-encoding: gzip, chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        OK + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        OK + b"transfer-encoding : chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        OK + b"transfer-encoding: \x0bchunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        OK + b"transfer-encoding:\r\n chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
        # No framing of chunks.
        CHUNKED + b"zz\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"+4\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"-4\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"0x4\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"4_0\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"\r\n4\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b" 4\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"4\nevil\r\n0\r\n\r\n",
        CHUNKED + b"4\revil\r\n0\r\n\r\n",
        CHUNKED + b"4\r\nevil0\r\n\r\n",
        CHUNKED + b"4\r\nevil\n0\r\n\r\n",
        CHUNKED + b"4\r\nevil!\r\n0\r\n\r\n",
        CHUNKED + b"100000000000000000004\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"4\r\nevil\r\n",
        CHUNKED + b"4\r\nevil\r\n0\r\n",
        # No head at all.
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"evil\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"\r\n" + NEXT,
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.2 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n"[:-3],
        b"HTTP/1.1 200 O\0K\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n" + NEXT,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        OK + b"x: " + b"y" * 70_000 + b"\r\n\r\n",
        OK + b"x: y\r\n" * 129 + b"content-length: 0\r\n\r\n",
    ],
)
def test_no_parser_takes_what_might_be_read_in_two_ways(parser: str, data: bytes) -> None:
    found = outcomes(parser, data)
    assert found.failure
    assert not found.kept


@pytest.mark.parametrize(
    "data",
    [
        CHUNKED + b"4 \r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"4;\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"4;a=\x01\r\nevil\r\n0\r\n\r\n",
        CHUNKED + b"4\r\nevil\r\n0\r\nx: y\n\r\n",
    ],
)
def test_what_h11_reads_over_and_httptools_refuses(data: bytes) -> None:
    """In lines of chunks only, of which nothing is used but the size: the body is the same."""
    assert outcomes("h11", data).meaning[2] == b"evil"
    assert outcomes("httptools", data).failure


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("serves", [False, True])
def test_whoever_is_cancelled_with_a_whole_answer_leaves_the_connection_to_the_next(
    parser: Any, serves: bool
) -> None:
    """It is somebody else's by then, perhaps in the middle of an exchange."""

    async def body() -> None:
        owner, sock = Owner(), Socket()
        connection = Connection(owner, Origin("h", 80, over_tls=False), "h", framing_of(parser)())
        connection.connection_made(sock)
        outgoing = Outgoing("POST", b"")
        first = asyncio.ensure_future(connection.ask(outgoing))
        await asyncio.sleep(0)
        connection.data_received(
            OK + b"content-length: 5\r\n\r\nhello" if serves else OK + b"content-length: 5\r\n\r\n"
        )
        second = asyncio.ensure_future(connection.ask(outgoing)) if serves else None
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert sock.is_closed is not serves
        if second is not None:
            connection.data_received(NEXT)
            assert (await second).status == 200

    asyncio.run(asyncio.wait_for(body(), 20))


SEEDS = [
    OK + b"content-length: 5\r\n\r\nhello",
    OK + b"content-length: 5\r\nconnection: close\r\n\r\nhello",
    CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    OK + b"transfer-encoding: chunked\r\ntrailer: x\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n",
    b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nhello",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nx:  y \r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
    OK + b"content-length: 5\r\n\r\nhello" + NEXT,
]
BITS = [b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b";", b",", b"0", b"5", b"-1", b"+5", b"0x5", b"\x80"]
LINES = [
    b"content-length: 5\r\n",
    b"transfer-encoding: chunked\r\n",
    b"transfer-encoding: identity\r\n",
    b"connection: close\r\n",
    b"connection: close, keep-alive\r\n",
    b"connection: upgrade\r\nupgrade: x\r\n",
    b"proxy-connection: close\r\n",
    b"HTTP/1.1 200 OK\r\n",
]


def changed(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        at = chance.randrange(len(data) + 1)
        edits: list[Callable[[], bytes]] = [
            lambda at=at, data=data: data[:at] + chance.choice(BITS + LINES) + data[at:],  # type: ignore[misc]
            lambda at=at, data=data: data[:at] + data[at + chance.choice([1, 2, 5]) :],  # type: ignore[misc]
            lambda at=at, data=data: data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :],  # type: ignore[misc]
        ]
        data = chance.choice(edits)()
    return data


@pytest.mark.parametrize("seed", range(8))
def test_both_parsers_take_the_same_of_what_is_nearly_http(seed: int) -> None:
    chance = random.Random(seed)

    async def body() -> None:
        for _ in range(300):
            data = changed(chance.choice(SEEDS), chance)
            pieces = [data] if chance.random() < 0.5 else [bytes([byte]) for byte in data]
            method = "HEAD" if chance.random() < 0.05 else "POST"
            ours, tools = await outcome("h11", pieces, method), await outcome("httptools", pieces, method)
            if b"chunked" in data.lower() and (ours.failure or tools.failure):
                continue  # they tolerate different lines of chunks, as the test above says
            if method == "HEAD":
                tools = tools._replace(
                    kept=ours.kept
                )  # httptools cannot be told of it, so that one never serves again
            assert ours.meaning == tools.meaning, data

    asyncio.run(asyncio.wait_for(body(), 60))


class H11Alone(H11Framing):
    __slots__ = ()

    def feed(self, data: bytes) -> bytes:
        return self._feed(data)


IN_CHUNKS = Head(200, "1.1", [("transfer-encoding", "chunked")])
LINES_OF_CHUNKS = [
    b"%x",
    b"%X",
    b"%02x",
    b"%09x",
    b"%020x",
    b"%x;a=b",
    b"%x ",
    b"%021x",
    b"-%x",
    b" %x",
    b"0x%x",
    b"%x\n",
]
BODIES = [b"data: {}\n\n", b"\r\n", b"\r\n\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", bytes(range(256))]


@pytest.mark.parametrize("seed", range(4))
def test_chunks_that_h11_never_sees_are_those_that_it_would_have_read(seed: int) -> None:
    """Piece by piece the same body, the same end and the same word on whether the connection serves again."""
    chance = random.Random(seed)
    ended = failed = 0
    for _ in range(400):
        bodies = [chance.choice(BODIES) for _ in range(chance.randrange(6))]
        lines = [chance.choice(LINES_OF_CHUNKS[: chance.choice([1, 3, 12])]) % len(body) for body in bodies]
        data = b"".join(b"%b\r\n%b\r\n" % chunk for chunk in zip(lines, bodies, strict=True))
        data += chance.choice([b"0\r\n\r\n", b"000\r\nx: y\r\n\r\n", b"0\r\n\r\n" + NEXT, b"0;a\r\n\r\n", b""])
        if chance.random() < 0.5:
            data = changed(data, chance)
        cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice([0, 1, 3, len(data)])))
        ours, alone = H11Framing(), H11Alone()
        for framing in (ours, alone):
            framing.begin("POST", IN_CHUNKS)
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            if start < end and not (alone.ended or alone.failure):
                assert ours.feed(data[start:end]) == alone.feed(data[start:end]), (data, cuts)
                assert (ours.ended, str(ours.failure)) == (alone.ended, str(alone.failure)), (data, cuts)
        if not (alone.ended or alone.failure):
            ours.finish(IN_CHUNKS)
            alone.finish(IN_CHUNKS)
        assert (ours.ended, ours.keeps, str(ours.failure)) == (alone.ended, alone.keeps, str(alone.failure)), data
        ended, failed = ended + alone.ended, failed + (alone.failure is not None)
    assert ended > 50
    assert failed > 50


def test_an_answer_without_a_body_has_no_chunks_either() -> None:
    for method, status in (("HEAD", 200), ("POST", 204), ("POST", 304)):
        framing = H11Framing()
        framing.begin(method, IN_CHUNKS._replace(status=status))
        assert framing.ended
        framing.begin("POST", IN_CHUNKS)
        assert framing.feed(b"5\r\nhello\r\n0\r\n\r\n") == b"hello"
        framing.begin("POST", Head(200, "1.1", [("content-length", "10")]))
        assert framing.feed(b"5\r\nhello\r\n") == b"5\r\nhello\r\n"


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("connection", ["", "close", "Keep-Alive"])
@pytest.mark.parametrize("pieces", [[b""], [b"ab"], [b"abcd"], [b"a", b"bcd"], [b"ab", b"cde"], [b"abcdHTTP/1.1"]])
def test_counting_finds_what_a_parser_finds(parser: Any, connection: str, pieces: list[bytes]) -> None:
    for size in (0, 4):
        fields = [("content-length", str(size)), *([("connection", connection)] if connection else [])]
        head = Head(200, "1.1", fields)
        ending, framing = counted("POST", head), framing_of(parser)()
        framing.begin("POST", head)
        assert ending is not None
        for piece in pieces:
            assert ending.ended == framing.ended
            if ending.ended:
                break
            assert ending.feed(piece) == framing.feed(piece)
        ended = ending.ended
        assert (ended, ended and ending.keeps) == (framing.ended, framing.ended and framing.keeps)
        ending.finish(head)
        assert ending.ended == ended  # a body that is cut short has no end


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", Head(200, "1.1", [("content-length", "4")])),
        ("POST", Head(204, "1.1", [("content-length", "4")])),
        ("POST", Head(304, "1.1", [("content-length", "4")])),
        ("POST", Head(200, "1.0", [("content-length", "4")])),
        ("POST", Head(200, "1.1", [("transfer-encoding", "chunked")])),
        ("POST", Head(200, "1.1", [("content-length", "4"), ("connection", "close, x")])),
        ("POST", Head(200, "1.1", [])),
    ],
)
def test_any_other_head_is_for_the_parser(method: str, head: Head) -> None:
    assert counted(method, head) is None
