"""What a `defer` holds that waits: it is seen through, whoever stops the task that it stands in."""

from __future__ import annotations

import asyncio
from typing import Any

from ..interpreter.runtime.calling import call_value
from ..interpreter.runtime.values import FunctionValue
from .host import ClockLike, Context
from .registry import sysop

LEAVING_SECONDS = 10.0  # that what is done on the way out of a stopped call may take


@sysop("baml.future.finish")
async def finish(context: Context, body: FunctionValue) -> Any:
    """In a task of its own, which no cancellation of its caller reaches. From the first on its time is limited."""
    work = asyncio.ensure_future(call_value(context, body))
    stopped = await _ending(work, context.host.services.clock)
    if stopped is not None:
        # Before the outcome, as in `wire.closing`: a deadline knows its own word only by this exception.
        raise stopped from None if work.cancelled() else work.exception()
    return work.result()


async def _ending(work: asyncio.Future[Any], clock: ClockLike) -> asyncio.CancelledError | None:
    """Wait for the end of the work; what came meanwhile to stop it."""
    stopped: asyncio.CancelledError | None = None
    limit: asyncio.Future[None] | None = None
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        limit = asyncio.ensure_future(clock.sleep(LEAVING_SECONDS))
    while not work.done():
        try:
            await asyncio.wait({work} if limit is None else {work, limit}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError as cancellation:
            stopped = cancellation
            limit = limit or asyncio.ensure_future(clock.sleep(LEAVING_SECONDS))
        if limit is not None and limit.done() and work.cancel():
            limit = asyncio.get_running_loop().create_future()  # it has been told: now wait until it has let go
    if limit is not None:
        limit.cancel()
    return stopped
