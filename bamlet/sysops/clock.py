"""Time and chance, behind one door so that tests and replays can hand in their own."""

from __future__ import annotations

import asyncio
import time

from ..interpreter.abi import Context
from .host import host
from .registry import sysop


class Clock:
    """The real clock."""

    def now(self) -> float:
        """Seconds, never going back; only differences mean something."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@sysop("baml.sys.sleep")
async def sleep(context: Context, delay_ms: int) -> None:
    if delay_ms > 0:
        await host(context).services.clock.sleep(delay_ms / 1000)


@sysop("baml.sys.now_ms")
def now_ms(context: Context) -> int:
    return int(host(context).services.clock.now() * 1000)
