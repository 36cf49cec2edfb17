"""The blocking face: the same runtime, driven by one event loop in a background thread.

The thread starts with the first call that has to wait, never at import, and serves every runtime of the
process. A forked child has no such thread; it starts its own when it needs one.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from .embed.context import CallContext
from .embed.runtime import AsyncRuntime, ClockLike, HTTPRequest, Program, Transport
from .embed.stream import AsyncStream

T = TypeVar("T")


class _Loop:
    """An event loop in a daemon thread of its own, of the process that made it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="bamlet", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end. An interrupt of the waiting thread cancels the work and waits until it has let go."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
            raise


class _Background:
    """The loop of this process, started when it is first needed."""

    def __init__(self) -> None:
        self._loop: _Loop | None = None
        self._starting = threading.Lock()

    def loop(self) -> _Loop:
        with self._starting:
            if self._loop is None or self._loop.process != os.getpid():
                self._loop = _Loop()
            return self._loop

    def forget_lock(self) -> None:
        """A lock that another thread held at a fork is never released in the child."""
        self._starting = threading.Lock()


_background = _Background()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_background.forget_lock)


class Runtime:
    """The blocking twin of `AsyncRuntime`; the arguments are the same."""

    def __init__(
        self,
        program: Program,
        *,
        environ: Mapping[str, str] | None = None,
        transport: Transport | None = None,
        clock: ClockLike | None = None,
    ) -> None:
        self.program = program
        self._options: dict[str, Any] = {"environ": environ, "transport": transport, "clock": clock}
        self._inner = AsyncRuntime(program, **self._options)
        self._process = os.getpid()

    @property
    def asynchronous(self) -> AsyncRuntime:
        """The runtime behind this one. After a fork it is a new one: sockets are not shared with the parent."""
        if self._process != os.getpid():
            self._inner = AsyncRuntime(self.program, **self._options)
            self._process = os.getpid()
        return self._inner

    def call(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> Any:
        """Call a function and wait for its value."""
        work = self.asynchronous.call(function, arguments, context=context, **named)
        return _background.loop().run(work)

    def stream(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        partials: Literal["latest", "every"] = "latest",
        **named: Any,
    ) -> Stream:
        """Call a function and show what comes on the way. Nothing is sent before somebody looks."""
        return Stream(self.asynchronous.stream(function, arguments, context=context, partials=partials, **named))

    def request(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> HTTPRequest:
        """The request that a call would send first, not sent."""
        return _background.loop().run(self.asynchronous.request(function, arguments, context=context, **named))

    def stream_request(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> HTTPRequest:
        """The request that a stream would send first, not sent."""
        work = self.asynchronous.stream_request(function, arguments, context=context, **named)
        return _background.loop().run(work)

    def parse(self, function: str, text: str) -> Any:
        """The value that a function would make of a model's whole answer."""
        return self.asynchronous.parse(function, text)

    def parse_partial(self, function: str, text_so_far: str) -> Any:
        """What a stream would show of the answer so far; None while there is nothing to show."""
        return self.asynchronous.parse_partial(function, text_so_far)

    def close(self) -> None:
        _background.loop().run(self.asynchronous.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Stream:
    """Partial values to iterate over, and the final value. Leaving the loop stops the call."""

    def __init__(self, inner: AsyncStream) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[Any]:
        loop = _background.loop()
        partials = self._inner.__aiter__()
        try:
            while True:
                try:
                    value = loop.run(_next(partials))
                except StopAsyncIteration:
                    return
                yield value
        finally:
            loop.run(self._inner.aclose())

    def final(self) -> Any:
        """The final value; it may be asked for alone, and again."""
        return _background.loop().run(self._inner.final())

    def cancel(self) -> None:
        """Stop the call. Whoever waits for it gets a `BamlAbortError`."""
        _background.loop().loop.call_soon_threadsafe(self._inner.cancel)

    def close(self) -> None:
        """Stop the call, if it still runs, and wait until its socket is closed."""
        _background.loop().run(self._inner.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


async def _next(partials: Any) -> Any:
    """`StopAsyncIteration` cannot cross a coroutine's border as itself, except through a future."""
    return await partials.__anext__()
