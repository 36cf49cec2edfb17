"""A stream as its consumer holds it: partial values to iterate over, the final value to wait for.

Leaving the loop stops the call and closes its socket at once. A stream is iterated once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from ..sysops.changes import Change, changes_between
from ..sysops.sink import Sink
from ..sysops.stream_events import Delta, Done, Partial, Reset, Said, StreamEvent, Tick
from ..sysops.views import ChangesView, ItemsView, Skeleton, SkeletonView, View
from .abort import tell
from .call import Call
from .errors import BamlAbortError
from .shortened import SHORTENED

if TYPE_CHECKING:
    from ..providers.chunks import StreamChunk
    from ..sap import Report
    from ..sysops.agent_events import AgentEvent
    from ..sysops.spent import Spent

__all__ = [
    "AsyncStream",
    "Change",
    "ChangesView",
    "Delta",
    "Done",
    "Partial",
    "Reset",
    "Said",
    "StreamEvent",
    "Tick",
    "changes_between",
]


def items_view(path: str) -> ItemsView:
    return ItemsView(tuple(filter(None, path.split("."))))


class _Running:
    """The call while it runs, in a task of its own on the loop of its consumer."""

    def __init__(self, call: Call) -> None:
        self.sink = call.sink
        self.call = call
        self._stop = call.stop
        self._loop = asyncio.get_running_loop()
        self.task = asyncio.create_task(self._produce(call))
        # Its outcome is whoever's who asks, and nobody need ask: Python would warn of a failure that nobody has
        # looked at, also where the one who was leaving is cancelled meanwhile.
        self.task.add_done_callback(_look_at)

    async def _produce(self, call: Call) -> Any:
        try:
            return await call.run()
        finally:
            # Whatever ends the call ends what is shown, else its consumer would wait for ever. It awaits nothing,
            # so nothing can come between; the reason is the outcome of the task.
            self.sink.close()

    def cancel(self) -> None:
        """From any thread."""
        # First: code that never waits keeps the loop from hearing of the second.
        self._stop.request()
        # Through the loop also in its own thread: what was started before is stepped into first. A task that is
        # cancelled before its first step never comes to its `finally`, and its consumer would wait for ever.
        tell(self._loop, self.task.cancel)

    async def result(self) -> Any:
        try:
            return await self.task
        except asyncio.CancelledError:
            # Two look the same here: the call was stopped, or whoever waits for it, which stops the call as well.
            # Only the first is an error of ours; the other is the host's own cancellation on its way up.
            waiting = asyncio.current_task()
            if self.task.cancelled() and waiting is not None and not waiting.cancelling():
                raise BamlAbortError from None
            raise

    async def leave(self) -> None:
        """Stop the call, if it still runs, and wait until its socket is closed."""
        if not self.task.done():
            self.cancel()
            # Not `await self.task`: what it raises is not for one who leaves. Its handles are closed when it ends.
            await asyncio.wait({self.task})


class _Heard:
    """For `async with`: a call that begins when its consumer comes, and is left when that goes."""

    __slots__ = ("_running", "_start")

    def __init__(self, start: Callable[[], _Running]) -> None:
        self._start = start

    async def __aenter__(self) -> Sink:
        self._running = self._start()
        return self._running.sink

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                # The sink ends before the task does: what the call raises comes after the last that it has shown.
                await self._running.result()
        finally:
            await self._running.leave()


def _look_at(ended: asyncio.Task[Any]) -> None:
    if not ended.cancelled():
        ended.exception()


class AsyncStream:
    """Made by `AsyncRuntime.stream`. The call starts when somebody iterates or asks for the final value."""

    def __init__(
        self,
        start: Callable[[bool, View | None, bool], Call],
        pending: Skeleton | None = None,
        *,
        deltas: bool = False,
        now: Callable[[], float],
    ) -> None:
        self._begin = start
        self._pending = pending
        self._deltas = deltas
        self._now = now
        self._running: _Running | None = None
        self._iterated = False
        self._cancelled = False

    def __aiter__(self) -> AsyncIterator[Any]:
        """Partial values, or pieces of text. An error of the call is raised after the last of them."""
        self._iterates()
        return self._partials()

    async def _partials(self) -> AsyncIterator[Any]:
        # Not over `batches`: a generator below this one would be one more step of each value of each stream.
        with SHORTENED:
            if self._pending is not None:
                yield self._pending
            async with self._heard() as sink:
                while (batch := sink.batch()) is not None:
                    if not batch:
                        await sink.more()
                    for event in batch:
                        if type(event) is Partial:
                            yield event.value
                        else:
                            for value in self.visible(event):
                                yield value

    def visible(self, event: StreamEvent) -> tuple[Any, ...]:
        """What iterating gives of an event. Whoever puts pieces of text together must hear that they are void."""
        match event:
            case Partial(value=value):
                return (value,)
            case Delta(text=text):
                return (text,)
            case Reset() if self._deltas:
                return (event,)
            case _:
                return ()

    def items(self, path: str = "") -> AsyncIterator[Any]:
        """Each item of one list, once, when it is finished. The path names fields: `order.lines`.

        A new attempt after a failure begins with the first item again; `CallContext.on_reset` hears of it.
        """
        return self._flat(self.batches(ticks=False, view=items_view(path)))

    def changes(self) -> AsyncIterator[Change]:
        """What changes in the value, as small changes that also JSON Patch can express."""
        return self._flat(self.batches(ticks=False, view=ChangesView()))

    async def _flat(self, batches: AsyncGenerator[list[StreamEvent], None]) -> AsyncIterator[Any]:
        # Here and in those below: closing a generator does not close the one that it loops over. That would be
        # left to the garbage collector, and with it the socket.
        with SHORTENED:
            async with aclosing(batches):
                async for batch in batches:
                    for event in batch:
                        if isinstance(event, Partial):
                            for part in event.value:
                                yield part

    def events(self, *, ticks: bool = True) -> AsyncIterator[StreamEvent]:
        """Everything that the call shows: partial values or text, resets before a new attempt, and ticks."""
        return self._events(self.batches(ticks=ticks))

    async def _events(self, batches: AsyncGenerator[list[StreamEvent], None]) -> AsyncIterator[StreamEvent]:
        with SHORTENED:
            async with aclosing(batches):
                async for batch in batches:
                    for event in batch:
                        yield event

    def chunks(self) -> AsyncIterator[StreamChunk]:
        """What the model says, piece by piece, tool calls and thoughts among it. A new attempt, or the next step
        of an agent, begins with a `start`."""
        return self._chunks(self.batches(ticks=False, agents=True))

    async def _chunks(self, batches: AsyncGenerator[list[StreamEvent], None]) -> AsyncIterator[StreamChunk]:
        with SHORTENED:
            async with aclosing(batches):
                async for batch in batches:
                    for event in batch:
                        if isinstance(event, Said):
                            yield event.chunk

    def agent_events(self, *, partials: Literal["every", "latest"] = "every") -> AsyncIterator[AgentEvent]:
        """What an agent does, and what its model says on the way.

        With `latest` a busy consumer gets one in the place of neighbours that it has not seen: of pieces of text
        all of them together, of partial values and of progress the newest. The others it gets each.
        """
        return self._agent_events(self.acts(partials))

    async def _agent_events(self, acts: AsyncGenerator[list[AgentEvent], None]) -> AsyncIterator[AgentEvent]:
        with SHORTENED:
            async with aclosing(acts):
                async for together in acts:
                    for event in together:
                        yield event

    def acts(self, partials: Literal["every", "latest"]) -> AsyncGenerator[list[AgentEvent], None]:
        """The events of agents, those together that had come when somebody looked."""
        return self._acts(self.batches(ticks=False, agents=True), partials == "latest")

    async def _acts(
        self, batches: AsyncGenerator[list[StreamEvent], None], merges: bool
    ) -> AsyncGenerator[list[AgentEvent], None]:
        from ..sysops.agent_events import Steps, merged

        make = Steps(self._now).event
        async with aclosing(batches):
            async for batch in batches:
                if found := [event for shown in batch if (event := make(shown)) is not None]:
                    yield merged(found) if merges else found

    def batches(
        self, *, ticks: bool, view: View | None = None, agents: bool = False
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """The events, those together that had come when somebody looked."""
        self._iterates()
        return self._batches(ticks, view, agents)

    def _iterates(self) -> None:
        if self._iterated:
            raise RuntimeError("a stream is iterated once; ask for the final value, or call again")
        if self._running is not None:
            if self._running.sink.missed:
                raise RuntimeError("the stream went by while its final value was waited for; iterate first")
            self._running.sink.hold_unread()
        self._iterated = True

    async def _batches(
        self, ticks: bool, view: View | None, agents: bool
    ) -> AsyncGenerator[list[StreamEvent], None]:
        if self._pending is not None and view is None:
            yield [Partial(self._pending)]
        # After the skeleton: a call begins when its consumer comes back for more.
        async with self._heard(ticks, view, agents) as sink:
            while (batch := sink.batch()) is not None:
                if batch:
                    yield batch
                else:
                    await sink.more()

    def _heard(self, ticks: bool = False, view: View | None = None, agents: bool = False) -> _Heard:
        return _Heard(partial(self._start, ticks, view, agents))

    async def final(self) -> Any:
        """The final value; it may be asked for alone, and again."""
        with SHORTENED:
            running = self._start(ticks=False)
            # With a queue that is full the program would wait for a reader, and we for the program.
            if not self._iterated:
                running.sink.pass_unread()
            return await running.result()

    @property
    def report(self) -> Report:
        """What the value does not tell, so far; after the end, of the whole answer."""
        from ..sap import Report

        reporter = self._running.sink.reporter if self._running is not None else None
        return (reporter and reporter.report()) or Report()

    @property
    def reasoning(self) -> str:
        """What the model has thought so far, as its provider tells or in a block of the answer."""
        return self._running.sink.reasoning if self._running is not None else ""

    @property
    def spent(self) -> Spent:
        """What the call has cost so far; after the end, in all."""
        from ..sysops.spent import NOTHING_SPENT

        return self._running.call.spent if self._running is not None else NOTHING_SPENT

    def cancel(self) -> None:
        """Stop the call, from any thread. Whoever waits for it gets a `BamlAbortError`."""
        # In this order, the reverse of that in `_start`: of two threads that do both at once one sees the other.
        self._cancelled = True
        if self._running is not None:
            self._running.cancel()

    async def aclose(self) -> None:
        """Stop the call, if it still runs, and wait until its socket is closed."""
        if self._running is not None:
            await self._running.leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _start(self, ticks: bool, view: View | None = None, agents: bool = False) -> _Running:
        if self._running is None:
            if view is None and self._pending is not None:
                view = SkeletonView()
            self._running = _Running(self._begin(ticks, view, agents))
            if self._cancelled:
                self._running.cancel()
        return self._running


# --- for who holds a stream open while nobody looks: generated clients


def pause(stream: AsyncStream) -> None:
    """Let it wait until somebody resumes it or asks for the rest; the socket holds what comes. From any thread."""
    if stream._running is not None:
        stream._running.sink.pause()


def resume(stream: AsyncStream) -> None:
    if stream._running is not None:
        stream._running.sink.resume()


async def rest_of(stream: AsyncStream) -> Any:
    """The final value, for who has seen enough of what comes on the way."""
    running = stream._start(ticks=False)
    running.sink.pass_unread()
    running.sink.resume()
    return await running.result()
