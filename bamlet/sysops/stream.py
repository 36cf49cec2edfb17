"""What a running stream shows to the host: partial values, ticks and resets, on their way to one consumer.

A partial value is built when somebody looks. By default only the newest is kept for a consumer that is busy; a
consumer that wants every one gets a short queue, and while it is full the stream waits, and with it the socket.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..interpreter.abi import Context, Handle
from .host import host, resource
from .registry import HostFailure, sysop
from .views import NOTHING, Source, View

QUEUE_LENGTH = 64  # partials that may wait for a consumer that wants every one


@dataclass(frozen=True, slots=True)
class Partial:
    """`replaced`: the value does not continue the one before it, because another part of the answer was meant."""

    value: Any
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text as the model wrote it."""

    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The events that came together."""

    events: list[Any]


@dataclass(frozen=True, slots=True)
class Reset:
    """What was shown before no longer counts; `attempt` counts from 1."""

    attempt: int


StreamEvent: TypeAlias = Partial | Delta | Tick | Reset
Mode: TypeAlias = Literal["none", "latest", "every", "deltas"]
Callback: TypeAlias = "Callable[[Any], Awaitable[None] | None]"


class Sink:
    """One call's way out for what it shows. Without a consumer and callbacks it costs nothing."""

    def __init__(
        self,
        mode: Mode = "none",
        *,
        view: View | None = None,
        ticks: bool = False,
        on_partial: Callback | None = None,
        on_tick: Callback | None = None,
        on_reset: Callback | None = None,
    ) -> None:
        self.mode = mode
        self._ticks = ticks
        self._on_partial = on_partial
        self._on_tick = on_tick
        self._on_reset = on_reset
        self._queue: deque[StreamEvent] = deque()
        self._offered: Source | None = None
        self._called = View()
        self.view = view or View()
        self.reporter: Source | None = None
        self.reasoning_of: Callable[[], str] | None = None
        self._attempts = 0
        self._closed = False
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()

    # --- from the program

    async def offer(self, source: Source) -> None:
        if self._on_partial is not None:
            value = self._called.look(source)
            if value is not NOTHING:
                await _call_host(self._on_partial, value)
        if self.mode == "latest":
            self._offered = source
            self._arrived.set()
        elif self.mode == "every":
            value = self.view.look(source)
            if value is not NOTHING:
                await self._put(Partial(value, source.replaced))

    async def delta(self, text: str) -> None:
        if self.mode == "deltas":
            await self._put(Delta(text))

    async def tick(self, events: list[Any]) -> None:
        if self._on_tick is not None:
            await _call_host(self._on_tick, events)
        if self._ticks:
            await self._put(Tick(events))

    async def begin_attempt(self) -> None:
        """A value that was offered and not taken was never shown; what was shown is taken back."""
        self._attempts += 1
        self._offered = None
        if self._called.has_given and self._on_reset is not None:
            await _call_host(self._on_reset, self._attempts)
        if self.view.has_given:
            await self._put(Reset(self._attempts))
        self._called.forget()
        self.view.forget()

    @property
    def reasoning(self) -> str:
        """What the model has thought so far, by its provider's account and in the text."""
        told = self.reasoning_of() if self.reasoning_of is not None else ""
        written = self.reporter.reasoning if self.reporter is not None else ""
        return "\n".join(filter(None, (told, written)))

    @property
    def wants_every(self) -> bool:
        return self.mode == "every"

    async def _put(self, event: StreamEvent) -> None:
        while len(self._queue) >= QUEUE_LENGTH:
            self._taken.clear()
            await self._taken.wait()
        if (partial := self._take_offered()) is not None:
            self._queue.append(partial)  # offered before, so shown before
        self._queue.append(event)
        self._arrived.set()

    def _take_offered(self) -> Partial | None:
        source, self._offered = self._offered, None
        if source is None:
            return None
        value = self.view.look(source)
        return None if value is NOTHING else Partial(value, source.replaced)

    # --- from the consumer

    async def next(self) -> StreamEvent | None:
        """The next thing to show, waiting for it; None when the program has ended."""
        while True:
            if (event := self._take()) is not None:
                return event
            if self._closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()

    async def next_batch(self) -> list[StreamEvent]:
        """All there is to show, waiting for something; empty when the program has ended."""
        first = await self.next()
        if first is None:
            return []
        batch = [first]
        while (event := self._take()) is not None:
            batch.append(event)
        return batch

    def _take(self) -> StreamEvent | None:
        if self._queue:
            self._taken.set()
            return self._queue.popleft()
        return self._take_offered()

    def close(self) -> None:
        """The program has ended: the consumer gets what is left, and then the end."""
        self._closed = True
        self._arrived.set()


async def _call_host(callback: Callback, value: Any) -> None:
    try:
        result = callback(value)
        if result is not None:
            await result
    except Exception as failure:
        raise HostFailure(failure) from failure


@dataclass(frozen=True, slots=True)
class _Value(Source):
    """A value that a program shows by itself."""

    value: Any

    def snapshot(self) -> Any:
        return self.value


@sysop("baml.stream.emit_partial")
async def emit_partial(context: Context, value: Any) -> None:
    sink = host(context).sink
    if isinstance(value, Handle):
        sink.reporter = resource(context, value, Source)
        await sink.offer(sink.reporter)
    else:
        await sink.offer(_Value(value))


@sysop("baml.stream.emit_delta")
async def emit_delta(context: Context, text: str) -> None:
    await host(context).sink.delta(text)


@sysop("baml.stream.emit_tick")
async def emit_tick(context: Context, events: list[Any]) -> None:
    await host(context).sink.tick(events)


@sysop("baml.stream.begin_attempt")
async def begin_attempt(context: Context) -> None:
    await host(context).sink.begin_attempt()
