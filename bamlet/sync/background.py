"""The event loop behind every blocking call, and how a thread waits for what runs there.

Its thread starts with the first call that has to wait, never at import, and serves every runtime of the process. A
forked child has no background thread; it starts its own when it needs one.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from types import AsyncGeneratorType
from typing import Any, TypeVar, cast

from ..deep import start_on_stack
from ..embed.errors import BamlAbortError

T = TypeVar("T")

INTERRUPT_GRACE_SECONDS = 2.0  # for work to let go of its sockets after Ctrl-C
EXIT_GRACE_SECONDS = 1.0  # for the sockets of a runtime that nobody closes, when the process ends
LOOP_STACK_BYTES = 16 * 2**20  # for programs that recur as deep as they may; the system gives what is used


class Loop:
    """An event loop in a daemon thread of its own, of the process that made it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        # Here and not in the thread: work may be handed over before that runs.
        self.loop = new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="bamlet", daemon=True)
        start_on_stack(self._thread, LOOP_STACK_BYTES)

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

        # Both run in the thread of the loop, so nothing guards the list.
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


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed (the `fast` extra): a busy loop costs half."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()

    class Threaded(uvloop.Loop):
        async def getaddrinfo(self, host: Any, port: Any, **wanted: Any) -> Any:
            """By threads of Python's: the end of a forked child waits for those of libuv, which it has not got,
            and crashes. What is an address already needs no thread.
            """
            numeric = {**wanted, "flags": wanted.get("flags", 0) | socket.AI_NUMERICHOST}
            with suppress(OSError):
                return socket.getaddrinfo(host, port, **numeric)
            return await self.run_in_executor(None, partial(socket.getaddrinfo, host, port, **wanted))

    return Threaded()


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
        self._loop: Loop | None = None
        self._starting = threading.Lock()

    def run_at_exit(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """If anything was begun here: without a loop there is nothing to close."""
        if (loop := self._found()) is not None:
            # Bounded: the loop may be busy with a program that never waits, and the process is to end anyway.
            wait((asyncio.run_coroutine_threadsafe(work(), loop.loop),), EXIT_GRACE_SECONDS)

    def loop(self) -> Loop:
        if sys.is_finalizing():
            # Daemon threads stand still from here on: whoever waits for one waits for ever.
            raise RuntimeError("the interpreter is ending; no blocking call can be made any more")
        if (found := self._found()) is not None:
            return found
        with self._starting:
            if (found := self._found()) is None:
                found = self._loop = Loop()
            return found

    def _found(self) -> Loop | None:
        # Of a forked child only this thread is left: its parent's loop is an object here, but nobody runs it.
        found = self._loop
        return found if found is not None and found.process == os.getpid() else None

    def forget_lock(self) -> None:
        """A lock that another thread held at a fork is never released in the child."""
        self._starting = threading.Lock()


BACKGROUND = _Background()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=BACKGROUND.forget_lock)


def wait_for(work: Coroutine[Any, Any, T], stop: Callable[[], None] | None = None) -> T:
    """Run in the background loop, to the end. Code that never waits hears `stop`, should we be interrupted."""
    try:
        loop = BACKGROUND.loop()
    except RuntimeError:
        work.close()  # else Python warns of it, at the very end
        raise
    return loop.run(work, stop)


def is_beyond_reach(process: int) -> bool:
    """Whether nobody serves here what that process has begun: there is nothing to stop or to wait for, and whoever
    waited all the same would wait for ever."""
    return process != os.getpid() or sys.is_finalizing()


def check_process(process: int) -> None:
    """Raises for what was begun on the loop of another process: no other could close it."""
    if process != os.getpid():
        raise RuntimeError("this stream belongs to the process that made it; call again in the forked one")


def iterate(values: AsyncGenerator[list[T], None], stop: Callable[[], None] | None = None) -> Iterator[T]:
    """What an async generator of lists gives on the background loop, one by one. Leaving the loop closes it.

    What has come together crosses from thread to thread together.
    """
    process, reader = os.getpid(), _Reader(values)
    try:
        while batch := _loop_of(process).run(reader.next(), stop):
            yield from batch
    finally:
        # By `break` too: the iterator is collected where its last reference goes, which may be any thread, and at
        # the end of the interpreter if somebody still holds it then.
        if not is_beyond_reach(process):
            loop = BACKGROUND.loop()
            if loop.is_here:  # a forgotten iterator was collected there; nobody may wait
                loop.loop.create_task(reader.close(stop))
            else:
                loop.run(reader.close(stop))


def _loop_of(process: int) -> Loop:
    check_process(process)
    return BACKGROUND.loop()


class _Reader:
    """One async generator, read by one task of the loop after another."""

    def __init__(self, values: AsyncGenerator[list[T], None]) -> None:
        self._values: AsyncGenerator[Any, None] = values
        self._task: asyncio.Task[Any] | None = None

    async def next(self) -> list[Any]:
        """Empty at the end."""
        self._task = asyncio.current_task()
        return await anext(self._values, [])

    async def close(self, stop: Callable[[], None] | None) -> None:
        if not cast(AsyncGeneratorType[Any, None], self._values).ag_running:
            await self._values.aclose()
            return
        # An interrupt came before its reader was told to stop, or that takes longer than an interrupt waits. A
        # generator that runs cannot be closed: its reader is told once more, and leaves by itself.
        if stop is not None:
            stop()
        if self._task is not None:
            self._task.cancel()
