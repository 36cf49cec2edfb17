"""What ends a call before its time: the host's word, or the call's deadline."""

from __future__ import annotations

from ..interpreter.abi import Cancelled
from ..sysops.host import ClockLike
from .errors import BamlAbortError, BamlError, BamlTimeoutError


class Stop:
    """Asks one call to stop. Compiled code looks at it now and then, also in a loop that never waits.

    `requested` may be set from any thread.
    """

    __slots__ = ("_began", "_clock", "_deadline", "requested")

    def __init__(self, clock: ClockLike, deadline: float | None) -> None:
        self.requested = False
        self._clock = clock
        self._deadline = deadline
        self._began = 0.0 if deadline is None else clock.now()

    def poll(self) -> None:
        if self.requested or self._is_late():
            raise Cancelled

    def _is_late(self) -> bool:
        return self._deadline is not None and self._clock.now() - self._began >= self._deadline

    def error(self) -> BamlError:
        """Why the call was stopped."""
        if self.requested or self._deadline is None:
            return BamlAbortError()
        limit = round(self._deadline * 1000)
        return BamlTimeoutError(
            f"the call took longer than its deadline of {limit} ms",
            timeout_type="deadline",
            configured_value_ms=limit,
            elapsed_ms=round((self._clock.now() - self._began) * 1000),
        )
