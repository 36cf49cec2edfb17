"""A signal between tasks: an `asyncio.Event` in a fifth of its memory, for thousands of streams that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any


class Bell:
    """Whoever waits goes on once it rings; it stays rung until it is cleared.

    It says that something may have changed: others may have taken it first. So one waits in a loop,

        while not <what is waited for>:
            bell.clear()
            await bell.wait()

    with nothing awaited between looking and waiting: a ring that came there would be cleared unheard.
    """

    __slots__ = ("_rung", "_waiters")

    def __init__(self) -> None:
        self._rung = False
        self._waiters: tuple[asyncio.Future[None], ...] = ()  # one, nearly always

    def set(self) -> None:
        if self._rung:
            return  # and nobody waits who has not been told
        self._rung = True
        waiters, self._waiters = self._waiters, ()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def clear(self) -> None:
        self._rung = False

    def wait(self) -> Awaitable[None]:
        """To be awaited at once. No coroutine, which an event of each stream would pay for."""
        if self._rung:
            return _RUNG
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Of those that were cancelled nobody tells it: they leave when the next one comes.
        others = [other for other in self._waiters if not other.done()] if self._waiters else ()
        self._waiters = (*others, waiter)
        return waiter


class _Rung:
    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


_RUNG = _Rung()
