"""What comes before a request is bounded in size and in time, by either of the parsers that uvicorn may have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn.config

import bamlet
from bamlet.server import heads
from bamlet.server.service import Service, Settings
from tests.servers.serving import serving

SOURCE = """
function Double(n: int) -> int { n * 2 }
function Slow(n: int) -> int { baml.sys.sleep(200); n * 2 }
"""
PROGRAM = bamlet.compile_sources({"main.baml": SOURCE})
PARSERS = {"h11": "h11_impl:H11Protocol", "httptools": "httptools_impl:HttpToolsProtocol"}
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEAD = b"POST /call/Double HTTP/1.1\r\nhost: localhost:%d\r\ncontent-type: application/json\r\n"


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """Until the other side closes; what it had not read by then may take its answer with it."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@asynccontextmanager
async def connected(url: Any) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        yield reader, writer
    finally:
        writer.close()


def on_each_parser(scene: Callable[[Any], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with asyncio.timeout(100), serving(Service(Settings(), PROGRAM)) as client:
            await scene(client.base_url)

    for parser in PARSERS.values():
        monkeypatch.setitem(uvicorn.config.HTTP_PROTOCOLS, "auto", f"uvicorn.protocols.http.{parser}")
        asyncio.run(body())


def test_a_head_that_gets_too_long_is_refused_and_a_long_body_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(url: Any) -> None:
        async with connected(url) as (reader, writer):
            writer.write(HEAD % url.port)
            for _ in range(2 * heads.MAX_HEAD_BYTES // 1_000):
                writer.write(b"x-more: " + b"x" * 1_000 + b"\r\n")
            told = await rest_of(reader)
            assert told == b"" or told.split(b" ")[1] in (b"431", b"400")
        async with connected(url) as (reader, writer):
            body = b'{"n": 4' + b" " * 300_000 + b"}"
            for _ in range(2):  # one behind the other
                writer.write(HEAD % url.port + b"content-length: %d\r\n\r\n" % len(body) + body)
                assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(1) == b"8"

    on_each_parser(scene, monkeypatch)


def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.01)

    async def scene(url: Any) -> None:
        for begun in (b"", b"POST /call/Dou"):
            async with connected(url) as (reader, writer):
                writer.write(begun)
                assert await rest_of(reader) == b""

    on_each_parser(scene, monkeypatch)


def test_half_of_the_next_head_does_not_end_the_answer_that_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(url: Any) -> None:
        monkeypatch.setattr(heads, "HEAD_SECONDS", 100.0)  # for the first one, which may take long to come
        async with connected(url) as (reader, writer):
            head = HEAD.replace(b"call/Double", b"stream/Slow") % url.port
            writer.write(head + b'content-length: 8\r\n\r\n{"n": 4}')
            await reader.readuntil(b"retry: 1000\n")
            monkeypatch.setattr(heads, "HEAD_SECONDS", 0.01)
            writer.write(b"POST /call/Dou")
            await reader.readuntil(b"event: final")

    on_each_parser(scene, monkeypatch)
