"""Long work on an event loop that others wait for: work that pauses in, its result out."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import ExitStack
from typing import Final, TypeVar

from .collecting import full_ones_put_off
from .host import ClockLike

T = TypeVar("T")

TURN_SECONDS: Final = 0.005  # of work, before others have their turn


async def in_turns(work: Generator[None, None, T], clock: ClockLike) -> T:
    """Whoever stops the task stops it at a pause, and so does a deadline that passes."""
    began = clock.now()
    is_long = False
    with ExitStack() as until_the_end:
        while True:
            try:
                next(work)
            except StopIteration as end:
                result: T = end.value
                return result
            if clock.now() - began >= TURN_SECONDS:
                if not is_long:
                    is_long = True
                    until_the_end.enter_context(full_ones_put_off(began))
                await asyncio.sleep(0)
                began = clock.now()
