"""`baml.net`: programs that take connections, over real sockets, from a host that has to allow it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import pytest

import bamlet

SOURCE = """
// bamlet: edition 2
function echo(stream: baml.net.TcpStream) -> int {
  defer { stream.close() }
  let total = 0;
  while (true) {
    let bytes = stream.read();
    if (bytes.length() == 0) { return total; }
    total += stream.write(bytes);
  }
}

function serve(count: int) -> int {
  let listener = baml.net.TcpListener.bind("127.0.0.1:0");
  print(listener.address());
  let talks: baml.future.Future<int, baml.errors.Io>[] = [];
  for (let i = 0; i < count; i += 1) {
    let stream = listener.accept();
    talks.push(spawn { echo(stream) });
  }
  (await baml.future.all(talks)).reduce((a, b) => a + b, 0)
}

function left_open() -> int {
  let listener = baml.net.TcpListener.bind("[::1]:0") catch (e) {
    baml.errors.Io => baml.net.TcpListener.bind("localhost:0")
  };
  print(listener.address());
  let stream = listener.accept();
  stream.read().length()
}

function closed() -> string {
  let listener = baml.net.TcpListener.bind("127.0.0.1:0");
  let waiting = spawn { listener.accept() };
  baml.sys.sleep(1);
  listener.close();
  listener.close();
  { await waiting; "accepted" } catch (e) { let broken: baml.errors.Io => broken.message }
}

function taken(address: string) -> string {
  { baml.net.TcpListener.bind(address); "bound" } catch (e) {
    baml.errors.Io => "taken",
    baml.errors.InvalidArgument => "no address",
  }
}
"""


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"main.baml": SOURCE})


async def talking(name: str, guest: Callable[[str, int], Awaitable[Any]], **arguments: Any) -> tuple[Any, Any]:
    """What the call gives, and the guest, who comes when the program has printed where it listens."""
    where: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(20):
        async with bamlet.AsyncRuntime(program(), allow={"sockets"}, on_print=where.set_result) as runtime:
            call = asyncio.ensure_future(runtime.call(name, **arguments))
            host, _, port = (await where).rpartition(":")
            told = await guest(host.strip("[]"), int(port))
            try:
                return await call, told
            finally:
                assert runtime.handles.open_count == 0


async def said_back(host: str, port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_several_connections_are_served_at_once_and_every_byte_comes_back() -> None:
    sizes = (0, 1, 70_000, 1_000_000)

    async def guests(host: str, port: int) -> list[bytes]:
        return await asyncio.gather(*(said_back(host, port, bytes([size % 251]) * size) for size in sizes))

    total, answers = asyncio.run(talking("serve", guests, count=len(sizes)))
    assert [len(answer) for answer in answers] == list(sizes)
    assert total == sum(sizes)


def test_what_a_call_leaves_open_is_closed_with_it() -> None:
    async def guest(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"hello")
        return reader, writer

    async def body() -> None:
        count, (reader, writer) = await talking("left_open", guest)
        assert count == 5
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    asyncio.run(body())


def test_a_deadline_ends_a_wait_for_a_connection_and_one_that_nobody_accepts_is_closed() -> None:
    async def body() -> None:
        where: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with bamlet.AsyncRuntime(program(), allow={"sockets"}, on_print=where.set_result) as runtime:
            context = bamlet.CallContext(deadline=0.3)
            call = asyncio.ensure_future(runtime.call("serve", count=2, context=context))
            host, _, port = (await where).rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            with pytest.raises(bamlet.BamlTimeoutError):
                await call
            assert runtime.handles.open_count == 0
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(host, int(port))

    asyncio.run(body())


def test_closing_a_listener_ends_a_wait_for_a_connection() -> None:
    with bamlet.Runtime(program(), allow={"sockets"}) as runtime:
        assert "was closed" in runtime.call("closed")


def test_an_address_that_is_taken_or_none() -> None:
    async def body() -> None:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with bamlet.AsyncRuntime(program(), allow={"sockets"}) as runtime:
            assert await runtime.call("taken", address=f"127.0.0.1:{port}") == "taken"
            for address in ("", "127.0.0.1", "example.com:80", "127.0.0.1:x", "127.0.0.1:65536", ":80"):
                assert await runtime.call("taken", address=address) == "no address"
        server.close()
        await server.wait_closed()

    asyncio.run(body())


@pytest.mark.parametrize("rights", [{}, {"allow": {"process"}}, {"allow": {"sockets"}, "deny": {"sockets"}}])
def test_a_host_has_to_allow_it(rights: dict[str, Any]) -> None:
    with bamlet.Runtime(program(), **rights) as runtime, pytest.raises(bamlet.UnhandledThrow, match="sockets"):
        runtime.call("taken", address="127.0.0.1:0")
