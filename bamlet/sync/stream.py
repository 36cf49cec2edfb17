"""A stream as a blocking program holds it: the twin of `AsyncStream`."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from ..embed.shortened import SHORTENED
from ..embed.stream import AsyncStream, Change, ChangesView, Partial, Said, StreamEvent, items_view
from .background import check_process, is_beyond_reach, iterate, wait_for

if TYPE_CHECKING:
    from ..embed import AgentEvent, Spent
    from ..providers.chunks import StreamChunk
    from ..sap import Report

T = TypeVar("T")


class Stream:
    """Partial values to iterate over, and the final value. Leaving the loop stops the call.

    A stream belongs to the process that made it: a forked child leaves it alone.
    """

    def __init__(self, inner: AsyncStream) -> None:
        self._inner = inner
        self._process = os.getpid()

    def __iter__(self) -> Iterator[Any]:
        return self._visible(self.events(ticks=False))

    def _visible(self, events: Iterator[StreamEvent]) -> Iterator[Any]:
        with SHORTENED:
            for event in events:
                yield from self._inner.visible(event)

    def events(self, *, ticks: bool = True) -> Iterator[StreamEvent]:
        """Everything that the call shows: partial values, resets before a new attempt, and ticks."""
        return self._events(self._inner.batches(ticks=ticks))

    def items(self, path: str = "") -> Iterator[Any]:
        """Each item of one list, once, when it is finished. The path names fields: `order.lines`."""
        return self._flat(self._inner.batches(ticks=False, view=items_view(path)))

    def changes(self) -> Iterator[Change]:
        """What changes in the value, as small changes that also JSON Patch can express."""
        return self._flat(self._inner.batches(ticks=False, view=ChangesView()))

    def chunks(self) -> Iterator[StreamChunk]:
        """What the model says, piece by piece, tool calls and thoughts among it."""
        return self._chunks(self._events(self._inner.batches(ticks=False, agents=True)))

    def _chunks(self, shown: Iterator[StreamEvent]) -> Iterator[StreamChunk]:
        for event in shown:
            if isinstance(event, Said):
                yield event.chunk

    def agent_events(self, *, partials: Literal["every", "latest"] = "every") -> Iterator[AgentEvent]:
        """What an agent does, and what its model says on the way. With `latest` a busy consumer gets one in the
        place of neighbours that it has not seen, where that loses nothing."""
        with SHORTENED:
            check_process(self._process)
            yield from iterate(self._inner.acts(partials), self._inner.cancel)

    def _flat(self, batches: AsyncGenerator[list[StreamEvent], None]) -> Iterator[Any]:
        with SHORTENED:
            for event in self._events(batches):
                if isinstance(event, Partial):
                    yield from event.value

    def _events(self, batches: AsyncGenerator[list[StreamEvent], None]) -> Iterator[StreamEvent]:
        with SHORTENED:
            # First: the thread that a child would wait for was left behind in its parent.
            check_process(self._process)
            yield from iterate(batches, self._inner.cancel)

    def _wait_for(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        # Before `work` makes its coroutine, which nobody would await in a child.
        check_process(self._process)
        return wait_for(work(), self._inner.cancel)

    def final(self) -> Any:
        """The final value; it may be asked for alone, and again."""
        with SHORTENED:
            return self._wait_for(self._inner.final)

    @property
    def report(self) -> Report:
        """What the value does not tell, so far; after the end, of the whole answer."""
        return self._wait_for(self._report)

    async def _report(self) -> Report:
        # Read by the loop that writes it, between two of its steps: never half of an answer's entries.
        return self._inner.report

    @property
    def reasoning(self) -> str:
        """What the model has thought so far, as its provider tells or in a block of the answer."""
        return self._inner.reasoning

    @property
    def spent(self) -> Spent:
        """What the call has cost so far; after the end, in all."""
        return self._inner.spent

    def cancel(self) -> None:
        """Stop the call, from any thread. Whoever waits for it gets a `BamlAbortError`."""
        # A child says nothing: the call is its parent's. Nor does an interpreter that ends, which must not fail.
        if not is_beyond_reach(self._process):
            self._inner.cancel()

    def close(self) -> None:
        """Stop the call, if it still runs, and wait until its socket is closed."""
        if not is_beyond_reach(self._process):
            self._wait_for(self._inner.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
