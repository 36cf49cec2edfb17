"""Functions of the host: one as plain data, and what it may know of the call of an agent that it runs in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..records import dataclass, field


class Refuse(Exception):
    """Raised by a function of the host: its text is meant for the model, or for whoever has called."""


@dataclass(frozen=True, slots=True)
class HostFunction:
    """`read` makes a value of the language of what it gives, and raises `ValueError` for what is none. With
    `wants_context` it takes a `ToolContext` before its arguments."""

    name: str
    function: Callable[..., Any]
    read: Callable[[Any], Any]
    wants_context: bool = False


@dataclass(slots=True, kw_only=True)
class ToolContext:
    """What a function of the host gets as `context`. `call_id` and `step` are those of the agent that has called
    it, and None outside of one; `deps` is what the host has given for the call. `cancelled` turns true when nobody
    wants the result any more, which a function in a thread has to look at by itself."""

    call_id: str | None
    step: int | None
    tags: Mapping[str, str]
    deps: Any
    cancelled: bool = False
    _tell: Callable[[Any], Awaitable[None]]
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def progress(self, value: Any) -> Awaitable[None] | None:
        """Show how far it has come. To be awaited in the event loop; in a thread it waits by itself. While nobody
        takes what was told before, it takes as long."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run_coroutine_threadsafe(self._shown(value), self._loop).result()
            return None
        return self._shown(value)

    async def _shown(self, value: Any) -> None:
        await self._tell(value)
