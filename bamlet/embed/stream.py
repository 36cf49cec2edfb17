"""A stream as its consumer holds it: partial values to iterate over, the final value to wait for.

Leaving the loop stops the call and closes its socket at once. A stream is iterated once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from ..sysops.stream import Partial, Reset, Sink, StreamEvent, Tick
from .errors import BamlAbortError

if TYPE_CHECKING:
    from asyncio import Task

__all__ = ["AsyncStream", "Partial", "Reset", "StreamEvent", "Tick"]


class Stoppable(Protocol):
    requested: bool


class AsyncStream:
    """Made by `AsyncRuntime.stream`. The call starts when somebody iterates or asks for the final value."""

    def __init__(self, start: Callable[[bool], tuple[Sink, Stoppable, Task[Any]]]) -> None:
        self._begin = start
        self._sink: Sink | None = None
        self._stop: Stoppable | None = None
        self._task: Task[Any] | None = None
        self._iterated = False
        self._cancelled = False

    def __aiter__(self) -> AsyncIterator[Any]:
        """Partial values. An error of the call is raised where it happened, after the last of them."""
        return self._partials(self.events(ticks=False))

    async def _partials(self, events: AsyncIterator[StreamEvent]) -> AsyncIterator[Any]:
        try:
            async for event in events:
                if isinstance(event, Partial):
                    yield event.value
        finally:
            await self._leave()

    def events(self, *, ticks: bool = True) -> AsyncIterator[StreamEvent]:
        """Everything that the call shows: partial values, resets before a new attempt, and ticks."""
        if self._iterated:
            raise RuntimeError("a stream is iterated once; ask for the final value, or call again")
        self._iterated = True
        return self._events(ticks)

    async def _events(self, ticks: bool) -> AsyncIterator[StreamEvent]:
        self._start(ticks)
        assert self._sink is not None
        try:
            while (event := await self._sink.next()) is not None:
                yield event
            await self._result()
        finally:
            await self._leave()

    async def final(self) -> Any:
        """The final value; it may be asked for alone, and again."""
        self._start(ticks=False)
        return await self._result()

    def cancel(self) -> None:
        """Stop the call. Whoever waits for it gets a `BamlAbortError`."""
        self._cancelled = True
        if self._stop is not None:
            self._stop.requested = True
        if self._task is not None:
            self._task.cancel()

    async def aclose(self) -> None:
        """Stop the call, if it still runs, and wait until its socket is closed."""
        if self._task is not None and not self._task.done():
            self.cancel()
            await asyncio.wait({self._task})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _start(self, ticks: bool) -> None:
        if self._cancelled and self._task is None:
            raise BamlAbortError
        if self._task is None:
            self._sink, self._stop, self._task = self._begin(ticks)

    async def _result(self) -> Any:
        assert self._task is not None
        try:
            return await self._task
        except asyncio.CancelledError:
            if self._cancelled and self._task.cancelled():
                raise BamlAbortError from None
            raise

    async def _leave(self) -> None:
        """The consumer is gone before the end: by `break`, an exception, or because it was cancelled."""
        await self.aclose()
        if self._task is not None and not self._task.cancelled():
            self._task.exception()  # looked at, so that nobody warns of it
