"""The blocking face: the same runtime, driven by one event loop in a background thread.

The thread starts with the first call that has to wait, never at import, and serves every runtime of the process. A
function that cannot wait runs in the thread of its caller. A forked child has no background thread; it starts its
own when it needs one.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import socket
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from functools import partial
from types import AsyncGeneratorType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

from .embed.context import CallContext
from .embed.errors import BamlAbortError, BamlError
from .embed.runtime import (
    AsyncRuntime,
    ClockLike,
    Group,
    HttpOptions,
    HTTPRequest,
    HTTPResponse,
    MediaLimits,
    Program,
    Transport,
)
from .embed.shortened import SHORTENED
from .embed.stream import AsyncStream, Change, ChangesView, Partial, StreamEvent, items_view

if TYPE_CHECKING:
    from .embed.discovery import BodyTest
    from .embed.skeleton import SkeletonParser
    from .prompt import Prompt
    from .sap import Parsed, Report

T = TypeVar("T")

INTERRUPT_GRACE_SECONDS = 2.0  # for work to let go of its sockets after Ctrl-C
EXIT_GRACE_SECONDS = 1.0  # for the sockets of a runtime that nobody closes, when the process ends


LOOP_STACK_BYTES = 16 * 2**20  # for programs that recur as deep as they may; the system gives what is used


@contextmanager
def _stack_of(size: int) -> Iterator[None]:
    """Threads that are started inside have room, whatever those of the host have."""
    before = threading.stack_size(size)
    try:
        yield
    finally:
        threading.stack_size(before)


class _Loop:
    """An event loop in a daemon thread of its own, of the process that made it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.loop = _new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="bamlet", daemon=True)
        # `start` returns when the thread runs, so nothing else of the process is made with this size of stack, but
        # for a thread that another one starts in the same instant.
        with _stack_of(LOOP_STACK_BYTES):
            self._thread.start()

    def _serve(self) -> None:
        # A callback of the host may raise what ends a program, or stop the loop that it finds. The task that
        # called it has ended then, and its caller hears of it; what others wait for goes on.
        while True:
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()

    @property
    def is_here(self) -> bool:
        return threading.current_thread() is self._thread

    def run(self, work: Coroutine[Any, Any, T], stop: Callable[[], None] | None = None) -> T:
        """Run to the end. An interrupt of the waiting thread stops the work and waits until it has let go."""
        if self.is_here:
            work.close()
            raise RuntimeError("a callback of a blocking call cannot make another one; use AsyncRuntime there")
        tasks: list[asyncio.Task[T]] = []
        outcome: Future[T] = Future()

        def start() -> None:
            task = self.loop.create_task(work)
            task.add_done_callback(lambda ended: _hand_over(ended, outcome))
            tasks.append(task)

        def cancel() -> None:
            # The loop runs these in the order in which they came: without a task `start` never came.
            if tasks:
                tasks[0].cancel()
            else:
                work.close()
                outcome.set_exception(BamlAbortError())

        # An interrupt may come between any two lines, so the first that lets the work begin stands in the `try`.
        try:
            self.loop.call_soon_threadsafe(start)
            return outcome.result()
        except BaseException:
            # The work itself has failed, or this thread was interrupted. Then the loop may be busy with code that
            # never waits: `stop` is heard by that, and only then can the loop come to `cancel`.
            if not outcome.done():
                if stop is not None:
                    stop()
                self.loop.call_soon_threadsafe(cancel)
                # Bounded, since nobody likes to press Ctrl-C twice: what closes goes on in the background.
                wait((outcome,), INTERRUPT_GRACE_SECONDS)
            raise


def _new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed (the `fast` extra): a busy loop costs half."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()

    class Loop(uvloop.Loop):
        async def getaddrinfo(self, host: Any, port: Any, **wanted: Any) -> Any:
            """By threads of Python's: the end of a forked child waits for those of libuv, which it has not got,
            and crashes. What is an address already needs no thread.
            """
            numeric = {**wanted, "flags": wanted.get("flags", 0) | socket.AI_NUMERICHOST}
            with suppress(OSError):
                return socket.getaddrinfo(host, port, **numeric)
            return await self.run_in_executor(None, partial(socket.getaddrinfo, host, port, **wanted))

    return Loop()


def _hand_over(ended: asyncio.Task[T], outcome: Future[T]) -> None:
    if ended.cancelled():
        outcome.set_exception(BamlAbortError())
    elif (failure := ended.exception()) is not None:
        outcome.set_exception(failure)
    else:
        outcome.set_result(ended.result())


class _Background:
    """The loop of this process, started when it is first needed."""

    def __init__(self) -> None:
        self._loop: _Loop | None = None
        self._starting = threading.Lock()

    def close_at_exit(self, runtime: Runtime) -> None:
        """The process ends: what is not closed now is told of by asyncio, at a time when nobody can close it."""
        loop = self._found()
        if loop is None or runtime._is_of_parent:
            return
        closing = asyncio.run_coroutine_threadsafe(runtime.asynchronous.aclose(), loop.loop)
        # Bounded: the loop may be busy with a program that never waits, and the process is to end all the same.
        wait((closing,), EXIT_GRACE_SECONDS)

    def loop(self) -> _Loop:
        if sys.is_finalizing():
            # Daemon threads stand still from here on: whoever waits for one waits for ever.
            raise RuntimeError("the interpreter is ending; no blocking call can be made any more")
        if (found := self._found()) is not None:
            return found
        with self._starting:
            if (found := self._found()) is None:
                found = self._loop = _Loop()
            return found

    def _found(self) -> _Loop | None:
        # Of a forked child only this thread is left: its parent's loop is an object here, but nobody runs it.
        found = self._loop
        return found if found is not None and found.process == os.getpid() else None

    def forget_lock(self) -> None:
        """A lock that another thread held at a fork is never released in the child."""
        self._starting = threading.Lock()


_background = _Background()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_background.forget_lock)


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run in the background loop, to the end."""
    return _background.loop().run(work)


def iterate(values: AsyncGenerator[list[T], None]) -> Iterator[T]:
    """What an async generator of lists gives on the background loop, one by one. Leaving the loop closes it."""
    loop = _background.loop()
    try:
        while batch := loop.run(_next_list(values)):
            yield from batch
    finally:
        if loop.is_here:  # a forgotten iterator was collected there; nobody may wait
            loop.loop.create_task(_close_list(values))
        else:
            loop.run(_close_list(values))


async def _next_list(values: AsyncGenerator[list[T], None]) -> list[T]:
    return await anext(values, [])


async def _close_list(values: AsyncGenerator[list[T], None]) -> None:
    await values.aclose()


def close_at_exit(runtime: Runtime) -> None:
    """For a runtime that nobody closes, since it belongs to the whole process."""
    there = weakref.ref(runtime)

    def close() -> None:
        if (found := there()) is not None:
            _background.close_at_exit(found)

    atexit.register(close)


class Runtime:
    """The blocking twin of `AsyncRuntime`; the arguments are the same, and a test holds that."""

    def __init__(
        self,
        program: Program,
        *,
        environ: Mapping[str, str] | None = None,
        transport: Transport | HttpOptions | None = None,
        clock: ClockLike | None = None,
        media: MediaLimits | None = None,
        deny: Iterable[Group] = (),
        lend_to: Iterable[str] = (),
        on_print: Callable[[str], object] | None = None,
        on_log: Callable[[str, str], object] | None = None,
        on_unhandled_task: Callable[[BamlError], object] | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.program = program
        self._options: dict[str, Any] = {
            "environ": environ,
            "transport": transport,
            "clock": clock,
            "media": media,
            "deny": tuple(deny),
            "lend_to": tuple(lend_to),
            "on_print": on_print,
            "on_log": on_log,
            "on_unhandled_task": on_unhandled_task,
            "trace": trace,
        }
        self._inner = AsyncRuntime(program, **self._options)
        self._process = os.getpid()

    def __repr__(self) -> str:
        return f"Runtime({self.program!r})"

    @property
    def _is_of_parent(self) -> bool:
        """Whether this process was forked from the one whose connections it has, and has made none yet."""
        return self._process != os.getpid()

    @property
    def asynchronous(self) -> AsyncRuntime:
        """The runtime behind this one. After a fork it is a new one: sockets are not shared with the parent."""
        if self._is_of_parent:
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
        with SHORTENED:
            call = self.asynchronous.prepare(function, arguments, named, context)
            if not call.waits:
                return call.compute(lambda work: _background.loop().run(work))
            return _background.loop().run(call.run(), call.stop.request)

    def discover(self) -> tuple[BodyTest, ...]:
        """The tests with bodies; testsets run for it.

        Raises `BamlInvalidArgumentError` for two of one name, and what a testset throws.
        """
        if not self.program.interface.bodies:
            return ()
        return _background.loop().run(self.asynchronous.discover())

    def run_body(self, test: BodyTest) -> None:
        """Run a test with a body to its end. Raises what it throws; an assertion that does not hold is a panic."""
        call = self.asynchronous.prepare_value(test.body)
        _background.loop().run(call.run(), call.stop.request)

    def stream(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        partials: Literal["latest", "every", "deltas", "all"] = "latest",
        view: Literal["partial", "skeleton"] = "partial",
        **named: Any,
    ) -> Stream:
        """Call a function and show what comes on the way. Nothing is sent before somebody looks."""
        return Stream(
            self.asynchronous.stream(function, arguments, context=context, partials=partials, view=view, **named)
        )

    def prompt(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> Prompt:
        """The messages that a call would send first, before a provider's form is given to them."""
        return _background.loop().run(self.asynchronous.prompt(function, arguments, context=context, **named))

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

    def send(self, request: HTTPRequest) -> HTTPResponse:
        """Send a request over the runtime's transport, and wait for the answer, of whatever status."""
        return _background.loop().run(self.asynchronous.send(request))

    def parse(
        self,
        function: str,
        text: str,
        *,
        strict: bool = False,
        finish_reason: str | None = None,
        context: CallContext | None = None,
    ) -> Any:
        """The value that a function would make of a model's whole answer; with `strict`, of all that it says."""
        with SHORTENED:
            return self.asynchronous.parse(
                function, text, strict=strict, finish_reason=finish_reason, context=context
            )

    def parse_with_report(
        self,
        function: str,
        text: str,
        *,
        strict: bool = False,
        finish_reason: str | None = None,
        context: CallContext | None = None,
    ) -> Parsed:
        """The same, as `value`, with a `report` of what it does not tell."""
        return self.asynchronous.parse_with_report(
            function, text, strict=strict, finish_reason=finish_reason, context=context
        )

    def skeleton(self, function: str) -> SkeletonParser:
        """What a stream with the view `skeleton` shows, of text that is streamed by other means."""
        return self.asynchronous.skeleton(function)

    def parse_partial(self, function: str, text_so_far: str, *, context: CallContext | None = None) -> Any:
        """What a stream would show of the answer so far; None while there is nothing to show."""
        return self.asynchronous.parse_partial(function, text_so_far, context=context)

    def warm(self) -> None:
        """Load what a first call needs."""
        _background.loop().run(self.asynchronous.warm())

    def close(self) -> None:
        if not sys.is_finalizing():  # else the sockets go with the process
            _background.loop().run(self.asynchronous.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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

    def _flat(self, batches: AsyncGenerator[list[StreamEvent], None]) -> Iterator[Any]:
        with SHORTENED:
            for event in self._events(batches):
                if isinstance(event, Partial):
                    yield from event.value

    def _events(self, batches: AsyncGenerator[list[StreamEvent], None]) -> Iterator[StreamEvent]:
        """What has come together crosses from thread to thread together."""
        with SHORTENED:
            try:
                while batch := self._loop().run(_next(batches), self._inner.cancel):
                    yield from batch
            finally:
                self._leave(batches)

    def _loop(self) -> _Loop:
        """The one that the stream runs on: no other could close what it began."""
        if self._process != os.getpid():
            raise RuntimeError("this stream belongs to the process that made it; call again in the forked one")
        return _background.loop()

    @property
    def _is_beyond_reach(self) -> bool:
        """Nobody serves it here, so there is nothing to stop or to wait for."""
        return self._process != os.getpid() or sys.is_finalizing()

    def _leave(self, batches: AsyncGenerator[list[StreamEvent], None]) -> None:
        # By `break` too: the iterator is collected where its last reference goes, which may be any thread, and
        # at the end of the interpreter if somebody still holds it then.
        if self._is_beyond_reach:
            return
        loop = self._loop()
        if loop.is_here:  # a forgotten iterator was collected there; nobody may wait
            self._inner.cancel()
        else:
            loop.run(self._close(batches))

    async def _close(self, batches: AsyncGenerator[list[StreamEvent], None]) -> None:
        if cast(AsyncGeneratorType[Any, None], batches).ag_running:
            # An interrupt came before its reader was told to stop, or that takes longer than an interrupt waits:
            # it leaves by itself.
            self._inner.cancel()
        else:
            await batches.aclose()

    def final(self) -> Any:
        """The final value; it may be asked for alone, and again."""
        with SHORTENED:
            return self._loop().run(self._inner.final(), self._inner.cancel)

    @property
    def report(self) -> Report:
        """What the value does not tell, so far; after the end, of the whole answer."""
        return self._loop().run(self._report())

    async def _report(self) -> Report:
        return self._inner.report

    @property
    def reasoning(self) -> str:
        """What the model has thought so far, as its provider tells or in a block of the answer."""
        return self._inner.reasoning

    def cancel(self) -> None:
        """Stop the call, from any thread. Whoever waits for it gets a `BamlAbortError`."""
        if not self._is_beyond_reach:
            self._inner.cancel()

    def close(self) -> None:
        """Stop the call, if it still runs, and wait until its socket is closed."""
        if not self._is_beyond_reach:
            self._loop().run(self._inner.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


async def _next(batches: AsyncGenerator[list[StreamEvent], None]) -> list[StreamEvent]:
    """Empty at the end."""
    return await anext(batches, [])
