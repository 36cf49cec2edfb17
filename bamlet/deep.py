"""How deep Python may recur: the one owner of its limit, and a larger stack for steps along deep trees.

A step that goes deeper than Python lets it is done again. Generated code has chains of thousands of terms, and
each term is a level of the tree.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from threading import Lock

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


@cache
def _turn() -> Lock:
    """Python's limit is one for all threads, and so is the size of a stack for those that begin."""
    import threading  # most programs are shallow, and a check is short

    return threading.Lock()


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
        before, size = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
        sys.setrecursionlimit(STEP_FRAMES)
        try:
            thread = threading.Thread(target=run, name="bamlet deep")
            thread.start()
            thread.join()
        finally:
            threading.stack_size(size)
            # Taken back, since on a stack of the usual size that many frames are a crash and no `RecursionError`.
            # Not what the host has set meanwhile, which knows of no lock of ours.
            if sys.getrecursionlimit() == STEP_FRAMES:
                sys.setrecursionlimit(before)
    if failed:
        raise failed[0]
    return done[0]
