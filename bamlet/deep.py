"""How deep Python may recur: the one owner of its limit, and a larger stack for steps along deep trees.

A step that goes deeper than Python lets it is done again. Generated code has chains of thousands of terms, and
each term is a level of the tree.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from threading import Lock, Thread

T = TypeVar("T")

CALL_FRAMES = 4_000
"""Of Python, those of the host included; a coroutine that waits for one takes 500 bytes of stack."""
STEP_FRAMES = 30_000  # some four for a term
_STACK_BYTES = 256 * 2**20  # reserved, and used only as far as the step goes


def make_room() -> None:
    """Let programs recur a thousand deep and more. The limit is one for all threads; this only raises it."""
    # A step on the large stack takes its own limit back, and would take this one with it: so not beside it.
    with _turn():
        if sys.getrecursionlimit() < CALL_FRAMES:
            sys.setrecursionlimit(CALL_FRAMES)


def with_room(step: Callable[[], T], again: Callable[[], T] | None = None) -> T:
    """What `step` returns, or `again` (by default the same) in its place when Python's stack was too small.

    Raises `RecursionError` when the larger one is too small as well.
    """
    try:
        return step()
    except RecursionError:
        if sys.getrecursionlimit() >= STEP_FRAMES:
            raise
        return _on_large_stack(again or step)


def start_on_stack(thread: Thread, size: int) -> None:
    """Start a thread that has a stack of so many bytes, whatever those of the host have."""
    import threading

    # The size is one for all threads that begin. Two that set it at once would take each other's for the host's,
    # and a step with its tens of thousands of frames would run on the smaller stack: a crash, and no error.
    with _stack_turn():
        before = threading.stack_size(size)
        try:
            # It returns when the thread runs, so only a thread that the host starts in this very instant gets
            # our size. Were it held while a step goes on, all of them would.
            thread.start()
        finally:
            threading.stack_size(before)


@cache
def _turn() -> Lock:
    """Python's limit is one for all threads."""
    import threading  # most programs are shallow, and a check is short

    return threading.Lock()


@cache
def _stack_turn() -> Lock:
    """Never held while one waits for anything; `_turn` is held as long as a step takes."""
    import threading

    return threading.Lock()


_limits_before: list[int] = []
"""Of the step that is on the large stack now: what it will put back."""


def _renew() -> None:
    """In a forked child the thread is gone that would have released a lock, or put the limit back."""
    _turn.cache_clear()
    _stack_turn.cache_clear()
    if _limits_before and sys.getrecursionlimit() == STEP_FRAMES:
        sys.setrecursionlimit(_limits_before[0])
    _limits_before.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def _on_large_stack(step: Callable[[], T]) -> T:
    import threading

    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(step())
        except BaseException as error:  # raised again in the thread that waits
            failed.append(error)

    with _turn():
        before = sys.getrecursionlimit()
        # Written before the limit is raised: a fork between the two finds a limit that it leaves alone.
        _limits_before.append(before)
        sys.setrecursionlimit(STEP_FRAMES)
        try:
            thread = threading.Thread(target=run, name="bamlet deep")
            start_on_stack(thread, _STACK_BYTES)
            thread.join()
        finally:
            _limits_before.clear()
            # Taken back, since on a stack of the usual size that many frames are a crash and no `RecursionError`.
            # Not what the host has set meanwhile, which knows of no lock of ours.
            if sys.getrecursionlimit() == STEP_FRAMES:
                sys.setrecursionlimit(before)
    if failed:
        raise failed[0]
    return done[0]
