"""Streams of a generated client: partial objects to iterate over, and the final one.

Leaving the loop pauses the stream, and asking for the final value goes on from there: programs for BAML count on
it. The connection is closed by the end of a `with` block, by `close`, or when nobody holds the stream any more.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeAlias, TypeVar, cast

from ..embed.stream import AsyncStream, Change, Delta, Partial, Reset, StreamEvent, pause, rest_of, resume
from ..sync.background import check_process, is_beyond_reach, iterate, wait_for
from .objects import HELD

if TYPE_CHECKING:
    from ..embed import Report
    from .loops import Loops
    from .objects import Maker

T = TypeVar("T")
P = TypeVar("P", covariant=True)
F = TypeVar("F", covariant=True)

Mode = Literal["latest", "every", "deltas"]
_UNKNOWN: Any = object()


class _Feed:
    """The stream below either face. Its events are taken one batch at a time, by one loop after another."""

    def __init__(
        self,
        start: Callable[[Mode], AsyncStream],
        mode: Mode,
        partial: Maker,
        final: Maker,
        free: Maker,
        tell: Callable[[Any], None],
    ) -> None:
        self._start = start
        self._mode = mode
        self.inner = start(mode)  # binds the arguments, so that mistakes are told here
        self._batches: AsyncGenerator[list[StreamEvent], None] | None = None
        self.partial = partial
        self.free = free
        self._final = final
        self._tell: Callable[[Any], None] | None = tell
        self._value: Any = _UNKNOWN
        self._waiting: list[Any] = []  # values that are taken and not shown, the next one last
        self.ended = False
        self.process = os.getpid()

    def take(self) -> Any:
        """The next partial object of those that have been read; `HELD` if more must be read."""
        waiting = self._waiting
        while waiting:
            if (value := self.partial(waiting.pop())) is not HELD:
                return value
        return HELD

    async def read(self) -> bool:
        """Wait for more to take. False at the end; an error of the call is raised, once and by `rest` again."""
        if self._batches is None:
            self._batches = self.inner.batches(ticks=False)
        # Before the wait: a stream that a `break` has paused reads nothing, and this would wait for ever.
        resume(self.inner)
        batch: list[StreamEvent] = []
        try:
            batch = await anext(self._batches, [])
        except Exception:
            self._over(None)
            raise
        finally:
            # Also when the wait was cancelled: the generator below is closed then, and has no more to give.
            self.ended = not batch
        # The batches end before the call does: what it raises comes with its value, behind the last partial.
        if not batch:
            self._over(await rest_of(self.inner))
        self._waiting = [event.value for event in reversed(batch) if isinstance(event, Partial)]
        return bool(batch)

    async def rest(self) -> Any:
        if self._value is _UNKNOWN:
            try:
                found = await rest_of(self.inner)
            except Exception:
                self._over(None)
                raise
            self.ended = True
            self._over(found)
            value = self._final(found)
            # Two that waited at once both come here; whoever is second gives out the object of the first.
            if self._value is _UNKNOWN:
                self._value = value
        return self._value

    def _over(self, value: Any) -> None:
        """Whoever listens hears of it once."""
        # Taken away before it is called, since a listener may look at this stream again.
        tell, self._tell = self._tell, None
        if tell is not None:
            tell(value)

    def check_open(self) -> None:
        if self.ended:
            raise RuntimeError(
                "this stream has ended: its value is in get_final_response(); call again for a new one"
            )

    def texts(self) -> AsyncGenerator[StreamEvent, None]:
        """Events of a stream that shows text. What has begun stays of its kind."""
        self.check_open()
        if self._mode != "deltas" and self._batches is None:
            self.inner, self._mode = self._start("deltas"), "deltas"
        return _generator(self.inner.events(ticks=False))

    async def report(self) -> Report:
        return self.inner.report

    def cancel(self) -> None:
        # Of the stream that there is then: for text another one is made, when its loop begins.
        self.inner.cancel()

    def pieces(self, event: StreamEvent) -> list[str | Reset]:
        match event:
            case Delta(text=text):
                return [text]
            case Reset():
                return [event]
            case _:
                return []


class BamlStream(Generic[P, F]):
    """Made by `b.stream.X(…)` of an async client. Nothing is sent before somebody looks."""

    def __init__(self, feed: _Feed, loops: Loops) -> None:
        self._feed = feed
        self._loops = loops

    def __aiter__(self) -> AsyncIterator[P]:
        self._feed.check_open()
        return _AsyncPartials(self)

    async def get_final_response(self) -> F:
        """The final value; it may be asked for alone, and again."""
        if not self._loops.know_running():
            await self._loops.close_with_running()
        value: F = await self._feed.rest()
        return value

    def deltas(self) -> AsyncIterator[str | Reset]:
        """The text as the model writes it, and a `Reset` where what came before no longer counts."""
        return _deltas(self)

    def items(self, path: str = "") -> AsyncIterator[Any]:
        """Each item of one list, once, when it is finished."""
        return _items(self, path)

    def changes(self) -> AsyncIterator[Change]:
        """What changes in the value, as small changes that also JSON Patch can express."""
        return _changes(self)

    @property
    def report(self) -> Report:
        """What the value does not tell, so far; after the end, of the whole answer."""
        return self._feed.inner.report

    @property
    def reasoning(self) -> str:
        """What the model has thought so far."""
        return self._feed.inner.reasoning

    def cancel(self) -> None:
        """Stop the call, from any thread. Whoever waits for it gets a `BamlAbortError`."""
        self._feed.inner.cancel()

    async def aclose(self) -> None:
        """Stop the call, if it still runs, and wait until its socket is closed."""
        await self._feed.inner.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # A stop is a word to the loop and awaits nothing, so it may be said on any thread that collects garbage.
        if feed := vars(self).get("_feed"):
            feed.inner.cancel()


class _AsyncPartials(AsyncIterator[Any]):
    """One loop over a stream. It holds the stream, and lets it wait when it is dropped: a `break` does that."""

    def __init__(self, stream: BamlStream[Any, Any]) -> None:
        self._stream = stream
        self._feed = stream._feed

    async def __anext__(self) -> Any:
        feed, loops = self._feed, self._stream._loops
        while (value := feed.take()) is HELD:
            if not loops.know_running():
                await loops.close_with_running()
            if not await feed.read():
                raise StopAsyncIteration
        return value

    def __del__(self) -> None:
        pause(self._feed.inner)


class BamlSyncStream(Generic[P, F]):
    """Made by `b.stream.X(…)` of a sync client. Nothing is sent before somebody looks."""

    def __init__(self, feed: _Feed) -> None:
        self._feed = feed

    def __iter__(self) -> Iterator[P]:
        self._feed.check_open()
        return _Partials(self)

    def get_final_response(self) -> F:
        """The final value; it may be asked for alone, and again."""
        value: F = _wait(self._feed, self._feed.rest)
        return value

    def deltas(self) -> Iterator[str | Reset]:
        """The text as the model writes it, and a `Reset` where what came before no longer counts."""
        return _blocking(self._feed, _deltas(self))

    def items(self, path: str = "") -> Iterator[Any]:
        """Each item of one list, once, when it is finished."""
        return _blocking(self._feed, _items(self, path))

    def changes(self) -> Iterator[Change]:
        """What changes in the value, as small changes that also JSON Patch can express."""
        return _blocking(self._feed, _changes(self))

    @property
    def report(self) -> Report:
        """What the value does not tell, so far; after the end, of the whole answer."""
        return _wait(self._feed, self._feed.report)

    @property
    def reasoning(self) -> str:
        """What the model has thought so far."""
        return self._feed.inner.reasoning

    def cancel(self) -> None:
        """Stop the call, from any thread. Whoever waits for it gets a `BamlAbortError`."""
        self._feed.inner.cancel()

    def close(self) -> None:
        """Stop the call, if it still runs, and wait until its socket is closed."""
        if not is_beyond_reach(self._feed.process):
            _wait(self._feed, self._feed.inner.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if feed := vars(self).get("_feed"):
            feed.inner.cancel()


class _Partials(Iterator[Any]):
    """One loop over a stream. It holds the stream, and lets it wait when it is dropped: a `break` does that."""

    def __init__(self, stream: BamlSyncStream[Any, Any]) -> None:
        self._stream = stream
        self._feed = stream._feed

    def __next__(self) -> Any:
        feed = self._feed
        while (value := feed.take()) is HELD:
            if not _wait(feed, feed.read):
                raise StopIteration
        return value

    def __del__(self) -> None:
        pause(self._feed.inner)


# Each of these holds the stream while somebody holds it: one that nobody holds is stopped. And each closes what it
# loops over, since the end of a generator is not the end of one below it. That would be left to the garbage
# collector, and with it the call and its socket.


async def _deltas(stream: _Either) -> AsyncGenerator[str | Reset, None]:
    async with aclosing(stream._feed.texts()) as events:
        async for event in events:
            for piece in stream._feed.pieces(event):
                yield piece


async def _items(stream: _Either, path: str) -> AsyncGenerator[Any, None]:
    async with aclosing(_generator(stream._feed.inner.items(path))) as items:
        async for item in items:
            yield stream._feed.free(item)


async def _changes(stream: _Either) -> AsyncGenerator[Change, None]:
    async with aclosing(_generator(stream._feed.inner.changes())) as changes:
        async for change in changes:
            yield change


def _wait(feed: _Feed, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    check_process(feed.process)
    return wait_for(work(), feed.cancel)


def _blocking(feed: _Feed, values: AsyncGenerator[T, None]) -> Iterator[T]:
    check_process(feed.process)
    return iterate(_one_by_one(values), feed.cancel)


async def _one_by_one(values: AsyncGenerator[T, None]) -> AsyncGenerator[list[T], None]:
    async with aclosing(values):
        async for value in values:
            yield [value]


def _generator(values: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """What streams give is one, and users are told of an iterator."""
    return cast(AsyncGenerator[T, None], values)


_Either: TypeAlias = BamlStream[Any, Any] | BamlSyncStream[Any, Any]
