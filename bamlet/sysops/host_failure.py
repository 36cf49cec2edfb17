"""What the host handed in and what then raised: told apart from failures of operations and of the program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class HostFailure(Exception):
    """What the host handed in has raised: a callback, or a transport. It passes through the program unchanged."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(failure)
        self.failure = failure


async def in_thread(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What the host handed in, beside the loop.

    No future can hold a `StopIteration`: whoever waits for the thread would wait for ever. It becomes what a
    coroutine makes of it.
    """

    def called() -> T:
        try:
            return function(*arguments, **named)
        except StopIteration as failure:
            raise RuntimeError("it raised StopIteration") from failure

    return await asyncio.to_thread(called)
