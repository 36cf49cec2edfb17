"""An MCP server over the official SDK, for tests: in process, or as a program over stdio or http."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Image
from mcp.server.mcpserver.exceptions import ToolError

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Waiting:
    """What a test hears of a call that takes long."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.was_cancelled = asyncio.Event()


def shop(waiting: Waiting | None = None) -> Any:
    server: Any = MCPServer("shop")
    heard = waiting or Waiting()

    @server.tool()
    def find_orders(customer: int) -> list[dict[str, int]]:
        """Looks up orders."""
        return [{"id": customer * 10}]

    @server.tool()
    def fail(why: str) -> str:
        """Fails."""
        raise ToolError(why)

    @server.tool()
    def picture() -> Image:
        """A picture."""
        return Image(data=PIXEL, format="png")

    @server.tool()
    async def wait(seconds: float) -> str:
        """Waits."""
        heard.began.set()
        try:
            await asyncio.sleep(seconds)
        except BaseException:
            heard.was_cancelled.set()
            raise
        return "waited"

    @server.tool()
    def flood(size: int) -> str:
        """Says much."""
        return "x" * size

    @server.tool()
    def die() -> str:
        """Ends the process."""
        os._exit(1)

    return server


if __name__ == "__main__":
    shop().run("stdio" if len(sys.argv) == 1 else sys.argv[1])
