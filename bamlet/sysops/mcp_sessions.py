"""Sessions with MCP servers over the official SDK: a server that the host lets in, its tools and results out.

A session is opened when it is first used, in a task of its own that also closes it, as the SDK wants it. One that
broke is opened again for the next call; the call that it broke under is not repeated, since it may have been done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from ..records import dataclass, field

CONNECT_SECONDS = 120.0
CLOSE_SECONDS = 2.0
MAX_TOOLS = 1_000


class McpMissing(Exception):
    """The package is not installed."""


class McpBroken(Exception):
    """The server cannot be reached, or has gone away."""


class McpRefused(Exception):
    """The server says that it will not."""


@dataclass(frozen=True, slots=True)
class RemoteTool:
    """As a server tells of it."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Process:
    """A server that is started. Of our environment it gets what every program needs, and `env`."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A server that somebody else has started."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class McpServer:
    """What is known of it: its name, and a `Process`, an `Address`, or what the SDK takes as a server."""

    name: str
    given: Any


class McpSessions:
    """Of one runtime in one event loop, by the names of the servers."""

    def __init__(self) -> None:
        self._open: dict[str, _Session] = {}

    async def tools(self, server: McpServer) -> list[RemoteTool]:
        found: list[RemoteTool] = []
        session = await self._session(server)
        cursor = None
        while True:
            page = await session.ask(_list_tools, cursor)
            found += [RemoteTool(tool.name, tool.description or "", tool.input_schema) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None or len(found) > MAX_TOOLS:
                return found[:MAX_TOOLS]

    async def call(self, server: McpServer, name: str, arguments: Mapping[str, Any]) -> Any:
        """The `CallToolResult` of the SDK."""
        session = await self._session(server)
        return await session.ask(_call_tool, name, dict(arguments))

    async def aclose(self) -> None:
        sessions, self._open = list(self._open.values()), {}
        for session in sessions:
            await session.aclose()

    async def _session(self, server: McpServer) -> _Session:
        session = self._open.get(server.name)
        if session is None or session.is_broken:
            if session is not None:
                await session.aclose()
            # Known before it is waited for: who comes meanwhile waits for the same.
            session = self._open[server.name] = _Session(server.name, server.given)
        await session.opened()
        return session


async def _list_tools(client: Any, cursor: str | None) -> Any:
    return await client.list_tools(cursor=cursor)


async def _call_tool(client: Any, name: str, arguments: dict[str, Any]) -> Any:
    return await client.call_tool(name, arguments)


class _Session:
    """`_ready` has the client, or why there is none. The task ends when `_done` is set, or with the session."""

    def __init__(self, name: str, server: Any) -> None:
        self._name = name
        self._ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._done = asyncio.Event()
        self.is_broken = False
        self._task = asyncio.create_task(self._serve(server))

    async def opened(self) -> None:
        try:
            # Shielded: one who gives up does not close what others wait for.
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.shield(self._ready)
        except TimeoutError:
            self.is_broken = True
            raise McpBroken(f"MCP server `{self._name}`: no answer within {CONNECT_SECONDS:g} s") from None

    async def ask(self, what: Any, *arguments: Any) -> Any:
        from mcp.shared.exceptions import MCPError
        from mcp_types import CONNECTION_CLOSED

        try:
            return await what(self._ready.result(), *arguments)
        except MCPError as failure:
            if failure.error.code != CONNECTION_CLOSED:
                raise McpRefused(f"MCP server `{self._name}`: {failure.error.message}") from failure
            raise self._broken(failure) from failure
        except Exception as failure:  # of the streams below: the SDK lets them through as they are
            raise self._broken(failure) from failure

    def _broken(self, failure: BaseException) -> McpBroken:
        self.is_broken = True
        return McpBroken(f"MCP server `{self._name}` has gone away: {_told(failure)}")

    async def aclose(self) -> None:
        self._done.set()
        await asyncio.wait({self._task}, timeout=CLOSE_SECONDS)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _serve(self, server: Any) -> None:
        try:
            client = _client(server)
            async with client:
                self._ready.set_result(client)
                await self._done.wait()
        except Exception as failure:
            self.is_broken = True
            if not self._ready.done():
                told = (
                    failure
                    if isinstance(failure, McpMissing)
                    else McpBroken(f"MCP server `{self._name}` cannot be reached: {_told(failure)}")
                )
                self._ready.set_exception(told)
        finally:
            self.is_broken = True
            if not self._ready.done():
                self._ready.cancel()
            elif not self._ready.cancelled():
                self._ready.exception()  # looked at, also where nobody waits for it any more


def _client(server: Any) -> Any:
    try:
        from mcp import Client
    except ImportError:
        raise McpMissing("the package `mcp` is not installed: pip install 'bamlet[mcp]'") from None
    # Without callbacks of ours it refuses what a server may ask back: sampling, roots and elicitation.
    return Client(_as_sdk(server))


def _as_sdk(server: Any) -> Any:
    from mcp import StdioServerParameters

    match server:
        case Process():
            return StdioServerParameters(
                command=server.command, args=[*server.args], env={**server.env}, cwd=server.cwd
            )
        case Address() if not server.headers:
            return server.url
        case Address():
            return _over_http(server)
        case _:
            return server


@asynccontextmanager
async def _over_http(server: Address) -> AsyncIterator[Any]:
    """With headers; the SDK takes redirects within the origin only, so that no stranger is told them."""
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    async with (
        create_mcp_http_client(headers={**server.headers}) as client,
        streamable_http_client(server.url, http_client=client) as streams,
    ):
        yield streams


def _told(failure: BaseException) -> str:
    """The first that says something, of what may be a group of groups."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return f"{type(failure).__name__}: {failure}" if str(failure) else type(failure).__name__
