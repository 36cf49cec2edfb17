"""A kept connection: a request that meets one just closed goes out once more, and no other does.

What is sent twice cannot be seen from the language, so this is Python.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bamlet.wire.http import HttpTransport
from bamlet.wire.message import HttpOptions, NoAnswer, Request, TransportError
from tests.support.exchanges import ENGINES

pytestmark = pytest.mark.timeout(30)

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine"


class Server:
    """Does with each request what it is told, one after the other: bytes to answer, None to close."""

    def __init__(self, *acts: bytes | None) -> None:
        self.acts = list(acts)
        self.bodies: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(size))
                act = self.acts.pop(0)
                if act is not None:
                    writer.write(act)
                    await writer.drain()
                if act != ANSWER:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()


def with_server(
    engine: Any,
    server: Server,
    body: Callable[[Callable[[str], Coroutine[Any, Any, bytes]]], Coroutine[Any, Any, None]],
) -> None:
    async def main() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        transport = HttpTransport(HttpOptions(engine=engine))

        async def ask(text: str) -> bytes:
            response = await transport.open(Request("POST", url, (), text.encode()), connect_timeout=5)
            try:
                return b"".join([chunk async for chunk in response.chunks()])
            finally:
                await response.aclose()

        try:
            await body(ask)
        finally:
            await transport.aclose()
            listening.close()

    asyncio.run(asyncio.wait_for(main(), 20))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_request_that_met_a_closed_connection_is_sent_once_more(engine: str) -> None:
    server = Server(ANSWER, None, ANSWER)

    async def body(ask: Any) -> None:
        assert await ask("a") == b"fine"
        assert await ask("b") == b"fine"

    with_server(engine, server, body)
    assert (server.bodies, server.connections) == ([b"a", b"b", b"b"], 2)


@pytest.mark.parametrize("engine", ENGINES)
def test_it_is_sent_once_more_and_not_twice(engine: str) -> None:
    """The second time on a connection of its own, though others are kept that may be closed as well."""
    server = Server(ANSWER, ANSWER, None, None)

    async def body(ask: Any) -> None:
        await asyncio.gather(ask("a"), ask("b"))
        with pytest.raises(NoAnswer):
            await ask("c")

    with_server(engine, server, body)
    assert server.bodies[2:] == [b"c", b"c"]
    assert server.connections == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_a_new_connection_without_an_answer_is_a_failure(engine: str) -> None:
    server = Server(None, ANSWER)

    async def body(ask: Any) -> None:
        with pytest.raises(NoAnswer):
            await ask("a")

    with_server(engine, server, body)
    assert server.bodies == [b"a"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_request_that_got_half_an_answer_is_not_sent_again(engine: str) -> None:
    server = Server(ANSWER, b"HTTP/1.1 200 O", ANSWER)

    async def body(ask: Any) -> None:
        await ask("a")
        with pytest.raises(TransportError):
            await ask("b")

    with_server(engine, server, body)
    assert server.bodies == [b"a", b"b"]
