"""Sessions with MCP servers over the official SDK: a server that the host has named in, its tools and results out.

A session is opened when it is first used, in a task of its own that also closes it, as the SDK wants it. One that
broke is opened again for the next call; the call that it broke under is not repeated, since it may have been done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..records import dataclass

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


class McpSessions:
    """Of one runtime in one event loop, by the names of the servers."""

    def __init__(self, servers: Mapping[str, Any]) -> None:
        self._servers = servers
        self._open: dict[str, _Session] = {}

    async def tools(self, server: str) -> list[RemoteTool]:
        found: list[RemoteTool] = []
        session = await self._session(server)
        cursor = None
        while True:
            page = await session.ask(_list_tools, cursor)
            found += [RemoteTool(tool.name, tool.description or "", tool.input_schema) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None or len(found) > MAX_TOOLS:
                return found[:MAX_TOOLS]

    async def call(self, server: str, name: str, arguments: Mapping[str, Any]) -> Any:
        """The `CallToolResult` of the SDK."""
        session = await self._session(server)
        return await session.ask(_call_tool, name, dict(arguments))

    async def aclose(self) -> None:
        sessions, self._open = list(self._open.values()), {}
        for session in sessions:
            await session.aclose()

    async def _session(self, server: str) -> _Session:
        session = self._open.get(server)
        if session is None or session.is_broken:
            if session is not None:
                await session.aclose()
            # Known before it is waited for: who comes meanwhile waits for the same.
            session = self._open[server] = _Session(server, self._servers[server])
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
    return Client(server)


def _told(failure: BaseException) -> str:
    """The first that says something, of what may be a group of groups."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return f"{type(failure).__name__}: {failure}" if str(failure) else type(failure).__name__
