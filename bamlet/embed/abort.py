"""The means to stop calls from outside: from any thread, any number of them, once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..sysops.clock import Clock

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


def tell(loop: AbstractEventLoop, heard: Callable[[], object]) -> None:
    """Have a loop call back, from any thread. Nothing is left to hear it in one that was closed."""
    # Not asked before: between the question and the word its own thread may close it.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(heard)


class AbortController:
    """Stops every call that it was given to, and those that it is given to later.

    With `timeout_ms` it does so by itself: the time counts from when it is first handed to a call.
    """

    def __init__(self, timeout_ms: int | None = None) -> None:
        if timeout_ms is not None and timeout_ms < 0:
            raise ValueError(f"timeout_ms is a number of milliseconds, not {timeout_ms}")
        self._timeout_ms = timeout_ms
        self._now = Clock().now
        self._ends: float | None = None
        self._said = False
        self._listeners: dict[object, Callable[[], None]] = {}

    @property
    def aborted(self) -> bool:
        """Whether to stop. The clock itself says so, and no timer that may be late."""
        return self._said or (self._ends is not None and self._now() >= self._ends)

    @property
    def has_limit(self) -> bool:
        return self._timeout_ms is not None

    def abort(self) -> None:
        # First the word and then the listeners: who begins to listen in between looks at the word.
        self._said = True
        for listener in list(self._listeners.values()):
            listener()

    def begin(self) -> float | None:
        """A call has got it: how many seconds are left, or None for no limit."""
        if self._timeout_ms is None:
            return None
        if self._ends is None:
            self._ends = self._now() + self._timeout_ms / 1000
        return max(0.0, self._ends - self._now())

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when aborted, also if that is already so; the result takes it back."""
        key = object()  # the same listener may be there twice
        self._listeners[key] = listener
        if self.aborted:
            listener()

        def forget() -> None:
            self._listeners.pop(key, None)

        return forget

    def __repr__(self) -> str:
        limit = "" if self._timeout_ms is None else f"timeout_ms={self._timeout_ms}, "
        return f"AbortController({limit}aborted={self.aborted})"
