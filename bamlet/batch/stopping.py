"""What ends a run before all rows are asked, and how: errors, money, time, a first row that tells, a person."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from .engines import OK, Done
from .money import Reserve
from .options import MapOptions
from .report import Reason

CANARY_ROWS = 3
HOPELESS_STATUSES = frozenset({401, 403, 404})
HOPELESS_CLASSES = frozenset({"InvalidArgument"})
HOPELESS_CAUSES = frozenset({"missing_key"})
NOBODY_THERE = "Io"
GRACE_SECONDS = 10.0  # for rows in flight after the first Ctrl-C, and after a deadline


class Stops:
    """Hears each row that begins and ends. `reason` is set once, by the first that stops the run.

    `has_answers`: earlier runs on the state were answered, so the function can be, as it is.
    """

    def __init__(
        self,
        options: MapOptions,
        spent: float,
        failed: int,
        reserve: Reserve | None,
        *,
        has_answers: bool = False,
    ) -> None:
        self.reason: Reason | None = None
        self.message = ""
        self.spent = spent
        self.over = 0.0
        self.ok = 0
        self.failed = failed
        self._options = options
        self._reserve = reserve
        self._reserved: dict[int, float] = {}
        self._reserved_sum = 0.0
        self._has_answers = has_answers
        self._canary: list[str] = []  # classes of the first failures, before any success
        self._changed = asyncio.Event()
        self._cancel: Callable[[], object] | None = None
        self._grace: asyncio.TimerHandle | None = None

    def stop(self, reason: Reason, message: str = "") -> None:
        if self.reason is None:
            self.reason, self.message = reason, message
            self._changed.set()

    # --- a person

    def cancels(self, cancel: Callable[[], object]) -> None:
        """What ends the rows in flight."""
        self._cancel = cancel

    def interrupt(self) -> None:
        """The first time no more rows begin, and those in flight have ten seconds; the second time, or when their
        seconds run already since a deadline, they end now."""
        if self._grace is not None or self.reason == "interrupted":
            self._end_now()
            return
        # The reason first: a row that waits for its turn is woken by the event, and looks at the reason alone.
        self.reason, self.message = "interrupted", ""
        self._changed.set()
        self._give_grace()

    def expire(self, message: str) -> None:
        """The time of the run is over. Rows in the hands of workers may wait for their pace far longer."""
        self.stop("deadline", message)
        # Also if another reason came first, whose rows run on. A person's seconds are not begun anew: they would
        # end later for it.
        if self._grace is None:
            self._give_grace()

    def _give_grace(self) -> None:
        self._grace = asyncio.get_running_loop().call_later(GRACE_SECONDS, self._end_now)

    def _end_now(self) -> None:
        if self._cancel is not None:
            self._cancel()

    def close(self) -> None:
        if self._grace is not None:
            self._grace.cancel()

    # --- rows

    async def may_begin(self, id_: int, arguments: Mapping[str, Any]) -> bool:
        """Whether this row may be asked; the first rows wait for each other."""
        limit = self._options.max_cost
        while self._is_first and self.reason is None and self._reserved:
            # Cleared before the wait, with nothing awaited since the look: what changes after the look is heard.
            self._changed.clear()
            await self._changed.wait()
        # From here to the end nothing is awaited: two rows that asked at once would both find the same money free.
        cost = self._reserve.of(arguments) if self._reserve is not None and limit is not None else 0.0
        if limit is not None and self.reason is None and self.spent + self._reserved_sum + cost > limit:
            self.stop("max-cost", f"${self.spent:.4f} are spent of ${limit:g}")
        if self.reason is not None:
            return False
        self._reserved[id_] = cost
        self._reserved_sum += cost
        return True

    @property
    def _is_first(self) -> bool:
        """Whether rows still begin one after the other: until one succeeds, or enough were no reason to stop."""
        return self._options.has_canary and not self.ok and len(self._canary) < CANARY_ROWS

    def ended(self, done: Done, arguments: Mapping[str, Any]) -> None:
        reserved = self._reserved.pop(done.id, 0.0)
        self._reserved_sum -= reserved
        if self._reserve is not None and self._options.max_cost is not None:
            self._reserve.learn(arguments, done)
        self.spent += done.cost or 0.0
        self.over += max(0.0, (done.cost or 0.0) - reserved)
        if done.status == OK:
            self.ok += 1
        else:
            self.failed += 1
            self._look_at_failure(done)
        self._changed.set()

    def _look_at_failure(self, done: Done) -> None:
        letter = json.loads(done.error or "{}")
        if self._options.has_canary and not self.ok and self._is_told_by(letter):
            self.stop("canary", letter["message"])
        limit = self._options.max_errors
        if limit is not None and limit.is_passed(self.failed, self.failed + self.ok):
            self.stop("max-errors", f"{self.failed} rows have failed")

    def _is_told_by(self, letter: Mapping[str, Any]) -> bool:
        """Whether the others would fail as this row has."""
        causes = {attempt["cause"] for attempt in letter["attempts"][-1:]}
        if (
            letter["status"] in HOPELESS_STATUSES
            or letter["class"] in HOPELESS_CLASSES
            or not HOPELESS_CAUSES.isdisjoint(causes)
        ):
            return True
        if not self._is_first:
            return False
        self._canary.append(letter["class"])
        if len(self._canary) < CANARY_ROWS or len(set(self._canary)) > 1:
            return False
        # Where others were answered, it is these rows that fail: the last ones of a run, or those that are asked
        # again because they had failed. Unless nobody is there to ask.
        return not self._has_answers or self._canary[0] == NOBODY_THERE
