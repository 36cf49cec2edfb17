"""How long something is waited for, again and again: one timer for all the waits of one who waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial


class Silence:
    """Calls back when a wait has lasted for a time. Most end long before, thousands in a second on a busy server,
    and a timer for each would cost more than what is waited for: so the timer of the first one runs on, and looks
    when it is due at how long the present one has lasted."""

    __slots__ = ("_loop", "_on_end", "_seconds", "_since", "_timer")

    def __init__(self, seconds: float, on_end: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._on_end = on_end
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_at(self._since + self._seconds, self._look)

    def end(self) -> None:
        """It has come; the next wait begins anew."""
        self._since = None

    def close(self) -> None:
        """Nothing is waited for any more."""
        self._since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, *, again: bool = False) -> None:
        self._timer = None
        if self._since is None:
            return  # the next wait sets it again
        due = self._since + self._seconds
        if self._loop.time() >= due:
            if not again:
                # What is waited for may have come while the loop was held up: whoever waits hears of it first.
                self._timer = self._loop.call_later(0, partial(self._look, again=True))
                return
            self._since = None
            self._on_end()
        else:
            self._timer = self._loop.call_at(due, self._look)
