"""What ends a call before its time: the host's word, the call's deadline, or its budget of steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from ..interpreter.runtime.failures import Cancelled
from ..interpreter.runtime.loops import POLL_EVERY
from ..sysops.finishing import LEAVING_SECONDS
from ..sysops.host import ClockLike, Context
from .abort import AbortController
from .errors import BamlAbortError, BamlBudgetError, BamlError, BamlTimeoutError

if TYPE_CHECKING:
    from ..sysops.budget import Budget as Scope

FIRST_ROUNDS = 64
QUICK_SECONDS = 0.001  # between two looks: the next comes after more rounds
SLOW_SECONDS = 0.01  # after fewer


class Stop:
    """Asks one call to stop. Compiled code looks at it now and then, also in a loop that never waits.

    A loop whose rounds are long is looked at after fewer of them. `request` may be called from any thread.
    """

    __slots__ = (
        "_abort",
        "_began",
        "_budget",
        "_clock",
        "_context",
        "_deadline",
        "_invoke",
        "_left",
        "_looked",
        "_max_steps",
        "_requested",
        "_rounds",
        "_spent",
        "_steps",
    )

    def __init__(
        self,
        clock: ClockLike,
        deadline: float | None,
        max_steps: int | None,
        abort: AbortController | None = None,
        budget: Scope | None = None,
    ) -> None:
        self._abort = abort
        self._max_steps = max_steps
        self._clock = clock
        self._deadline = deadline
        self._budget = budget
        self._began = self._looked = clock.now()
        self._requested = self._spent = False
        self._rounds = FIRST_ROUNDS
        self._steps = 0  # those that were handed out
        self._context: Context | None = None
        self._invoke: Callable[..., Any] = self._refuse
        self._left: float | None = None  # when somebody first acted behind the end

    def watch(self, context: Context) -> None:
        """Also stop recursion. With a limit each of its calls counts as a round of a loop."""
        # Written before the request is read; `request` writes before it reads the context. So of two threads that
        # do both at once one sees the other.
        self._context, self._invoke = context, context.invoke
        context.leaving = self._leaving
        if self._requested:
            context.calls = self._refuse
        elif self._is_limited():
            context.calls = context.rounds.__next__

    def _leaving(self, context: Context) -> Context:
        """What a `defer` does is done also behind the end, within a time of its own."""
        if not (self._spent or self._is_aborted() or self._is_late()):
            return context
        if self._left is None:
            self._left = self._clock.now()
        return context.outliving(self._invoke, self._look_behind_the_end)

    def _look_behind_the_end(self) -> int:
        if self._left is not None and self._clock.now() - self._left > LEAVING_SECONDS:
            raise Cancelled
        return FIRST_ROUNDS

    def leave(self) -> None:
        """The call is over."""
        self._context = None

    def request(self) -> None:
        self._requested = True
        if (context := self._context) is not None:
            context.refuse_calls(self._refuse)

    def check(self) -> None:
        if self._is_aborted() or self._is_late():
            self._end()

    def look(self) -> int:
        """How many rounds may pass until the next look."""
        self.check()
        now = self._clock.now()
        if now - self._looked < QUICK_SECONDS:
            self._rounds = min(self._rounds * 2, POLL_EVERY)
        elif now - self._looked > SLOW_SECONDS:
            self._rounds = max(self._rounds // 8, 1)
        self._looked = now
        return self._rounds if self._max_steps is None else self._within(self._max_steps)

    def _within(self, budget: int) -> int:
        given = min(self._rounds, budget - self._steps)
        if given <= 0:
            self._spent = True
            self._end()
        self._steps += given
        return given

    def _is_limited(self) -> bool:
        """Nobody else will say stop."""
        if self._deadline is not None or self._max_steps is not None or self._budget is not None:
            return True
        return self._abort is not None and self._abort.has_limit

    def _is_aborted(self) -> bool:
        return self._requested or (self._abort is not None and self._abort.aborted)

    def _is_late(self) -> bool:
        if self._deadline is not None and self._clock.now() - self._began >= self._deadline:
            return True
        return self._budget is not None and self._budget.is_late

    def _end(self) -> NoReturn:
        """Raise, and let nothing that runs beside this in the same call do anything more."""
        if (context := self._context) is not None:
            context.refuse_all(self._refuse)
        raise Cancelled

    def _refuse(self, *operation: object) -> NoReturn:
        raise Cancelled

    def error(self) -> BamlError:
        """Why the call was stopped."""
        if self._spent:
            return BamlAbortError(f"the call took more than its budget of {self._max_steps:,} steps")
        if self._is_aborted():
            return BamlAbortError()
        if self._budget is not None and self._budget.is_late:
            limit = self._budget.limits.ms or 0
            return BamlBudgetError(f"the budget of {limit:,} ms is spent", "ms", limit)
        if self._deadline is None:
            return BamlAbortError()
        limit = round(self._deadline * 1000)
        return BamlTimeoutError(
            None,
            f"the call took longer than its deadline of {limit} ms",
            timeout_type="deadline",
            configured_value_ms=limit,
            elapsed_ms=round((self._clock.now() - self._began) * 1000),
        )
