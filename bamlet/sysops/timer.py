"""Waiting with a limit: what bounds tasks and streams is an operation too, so that all time passes one place."""

from __future__ import annotations

import asyncio
from typing import Any

from ..wire.closing import ended
from .host import Context
from .registry import sysop


@sysop("baml.sys.timer")
async def timer(context: Context, seconds: float) -> None:
    await context.host.services.clock.sleep(seconds)


async def first_of(context: Context, tasks: set[asyncio.Task[Any]], seconds: float) -> None:
    """Until one of the tasks has ended, or the time is over."""
    bound: asyncio.Task[None] = asyncio.ensure_future(context.invoke("baml.sys.timer", context, seconds))
    try:
        await asyncio.wait({*tasks, bound}, return_when=asyncio.FIRST_COMPLETED)
        if bound.done():
            bound.result()
    finally:
        # No task outlives the operation that started it, and a clock of the host may take its time to let go.
        bound.cancel()
        await ended(bound)
