"""Closing while somebody cancels: what closes is a task of its own, which no cancellation of its caller reaches.

One rule for connections, handles and tasks. An `aclose` of several steps is one such task, so that it never ends
between two of them. Who asked waits in one of two ways: `let_finish` for what has no limit of time itself, since
its caller may have one; `uninterrupted` for what is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def let_finish(work: Awaitable[T]) -> T:
    """Wait until the work has ended. A cancellation is raised at once; the work goes on without its caller."""
    # A loop holds its tasks weakly. This one is kept by the callback of whatever it waits for, which the loop has:
    # so what closes must never wait for something that nobody else holds.
    return await asyncio.shield(asyncio.ensure_future(work))


async def uninterrupted(work: Awaitable[T]) -> T:
    """Wait until the work has ended. A cancellation waits for that too, and is raised then."""
    ending = asyncio.ensure_future(work)
    await ended(ending)
    return ending.result()


async def ended(ending: asyncio.Future[T]) -> None:
    """The same of what somebody else has begun, and will ask how it ended."""
    cancelled: asyncio.CancelledError | None = None
    while not ending.done():
        try:
            # Not `await ending`: that hands the cancellation on. Not a shield: the first one ends it.
            await asyncio.wait({ending})
        except asyncio.CancelledError as cancellation:
            cancelled = cancellation
    if cancelled is not None:
        # Before the outcome: a deadline or a task group knows its own word only by this exception. A failure
        # of the work is told as its cause.
        raise cancelled from None if ending.cancelled() else ending.exception()
