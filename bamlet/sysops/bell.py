"""A signal between tasks: an `asyncio.Event` in a fifth of its memory, for thousands of streams that wait."""

from __future__ import annotations

import asyncio


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
        # They leave the list when they run again, not here; until then one may be told twice, or be cancelled.
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def clear(self) -> None:
        self._rung = False

    async def wait(self) -> None:
        if self._rung:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters = (*self._waiters, waiter)
        try:
            await waiter
        finally:
            self._waiters = tuple([other for other in self._waiters if other is not waiter])
