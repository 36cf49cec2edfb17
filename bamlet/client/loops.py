"""The event loops that calls of a package run on: with each of them its connections are closed."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from ..embed import AsyncRuntime


class Loops:
    def __init__(self, runtime: AsyncRuntime) -> None:
        self._runtime = runtime
        self._closing: WeakKeyDictionary[AbstractEventLoop, AsyncGenerator[None, None]] = WeakKeyDictionary()
        self._last: Callable[[], AbstractEventLoop | None] = _none

    def know_running(self) -> bool:
        """Whether nothing is to be done for the running loop. Asked with each call, and nearly always so."""
        return self._last() is get_running_loop()

    async def close_with_running(self) -> None:
        """Have the connections of the running loop closed when it ends: `asyncio.run` closes generators last."""
        loop = get_running_loop()
        if loop not in self._closing:
            # In the table before the first step, which awaits nothing: two calls at once register one.
            closing = self._closing[loop] = _closing(self._runtime)
            await anext(closing)
        self._last = ref(loop)


async def _closing(runtime: AsyncRuntime) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await runtime.aclose()


def _none() -> None: ...
