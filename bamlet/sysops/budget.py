"""Budgets: scopes that nest, each of which is charged for whatever is done in it, and says stop when it is spent.

An attempt is charged in three steps: before it is sent for its prompt and the longest answer that it allows, while
it streams for what comes, and at its end for what the provider has counted. A spent budget travels as a panic, so
that no retry and no fallback of the program takes it; whoever has set the budget gets an error of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ..interpreter.runtime.failures import Overspent
from ..providers.prices import Price, cost
from ..records import dataclass, fields
from .spent import Spent, outcome_of, spent_on, tokens_of

if TYPE_CHECKING:
    from .attempts import Attempt, Wall
    from .spent import PriceOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """None is no limit."""

    usd: float | None = None
    tokens: int | None = None
    output_tokens: int | None = None
    attempts: int | None = None
    steps: int | None = None
    ms: int | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            limit = getattr(self, each.name)
            if limit is not None and (isinstance(limit, bool) or not limit >= 0):
                raise ValueError(f"the budget `{each.name}` is a number from 0 on, not {limit!r}")


_WORDS = {
    "usd": "{0:g} dollars",
    "tokens": "{0:,} tokens",
    "output_tokens": "{0:,} tokens of output",
    "attempts": "{0:,} attempts",
    "steps": "{0:,} steps",
    "ms": "{0:,} ms",
}


class Budget:
    """One scope: what it allows, and what was taken of it. What is reserved counts as taken."""

    def __init__(self, limits: Limits, clock: Wall, above: Budget | None = None, *, keeps: bool = True) -> None:
        self.limits = limits
        self.above = above
        self.attempts: list[Attempt] = []
        self.taken: dict[str, float] = dict.fromkeys(("usd", "tokens", "output_tokens", "attempts", "steps"), 0)
        self.keeps = keeps  # one that lives as long as a runtime knows sums only
        self._clock = clock
        self._began = clock.now()
        self._waits = 0
        self._timer: asyncio.Timeout | None = None

    def chain(self) -> Iterator[Budget]:
        """The innermost first."""
        scope: Budget | None = self
        while scope is not None:
            yield scope
            scope = scope.above

    def check(self, more: dict[str, float] | None = None) -> None:
        """Raises `Overspent` if so much more would be too much."""
        for what, taken in self.taken.items():
            limit = getattr(self.limits, what)
            if limit is not None and taken + (more.get(what, 0) if more else 0) > limit:
                raise self.spent_up(what)

    def spent_up(self, what: str, message: str | None = None) -> Overspent:
        limit: float = getattr(self.limits, what)
        told = message or f"the budget of {_WORDS[what].format(limit)} is spent"
        return Overspent(told, what, limit, self)

    def left(self, what: str) -> float | None:
        limit: float | None = getattr(self.limits, what)
        if limit is None:
            return None
        return max(0, limit - (self.elapsed_ms if what == "ms" else self.taken[what]))

    # --- time

    @property
    def elapsed_ms(self) -> float:
        return (self._clock.now() - self._began) * 1000

    @property
    def is_late(self) -> bool:
        return self.limits.ms is not None and not self._waits and self.elapsed_ms >= self.limits.ms

    @asynccontextmanager
    async def clock(self) -> AsyncIterator[None]:
        """What stands in it ends when the time is over. Raises `Overspent`."""
        if self.limits.ms is None:
            yield
            return
        try:
            async with asyncio.timeout(self.limits.ms / 1000) as timer:
                self._timer = timer
                yield
        except TimeoutError:
            if not timer.expired():
                raise  # somebody else's
            raise self.spent_up("ms") from None

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """The clock stands while a person is waited for."""
        self._waits += 1
        since = self._clock.now()
        timer = self._timer
        ends = timer.when() if timer is not None and self._waits == 1 else None
        if timer is not None and ends is not None:
            timer.reschedule(None)
        try:
            yield
        finally:
            self._waits -= 1
            waited = self._clock.now() - since
            if ends is not None and timer is not None and not timer.expired():
                self._began += waited
                timer.reschedule(ends + waited)


class Charge:
    """What one attempt takes of the budgets around it."""

    __slots__ = ("_attempt", "_input", "_output", "_price", "_reserved", "_scopes", "_usd")

    def __init__(self, scopes: tuple[Budget, ...], price: Price | None) -> None:
        self._scopes = scopes
        self._price = price
        self._attempt: Attempt | None = None
        self._input = self._output = self._reserved = 0
        self._usd = 0.0

    def reserve(self, read: int, written: int) -> None:
        """Raises `Overspent`, and then takes nothing."""
        usd = self._cost(read, written)
        more = {"tokens": read + written, "output_tokens": written, "usd": usd, "attempts": 1}
        for scope in self._scopes:
            scope.check(more)
        self._reserved = written
        for scope in self._scopes:
            scope.taken["attempts"] += 1
        self._take(read, written, usd)

    def belongs_to(self, attempt: Attempt) -> None:
        self._attempt = attempt
        attempt.charge = self
        for scope in self._scopes:
            if scope.keeps:
                scope.attempts.append(attempt)

    def hears(self) -> None:
        """More of the answer has come. Raises `Overspent`."""
        self._take(*self._known())
        for scope in self._scopes:
            scope.check()

    def settles(self) -> None:
        """Nothing more will come: what was reserved is free again. What has come may still have to be read."""
        self._reserved = 0
        self._take(*self._known())

    def _known(self) -> tuple[int, int]:
        assert self._attempt is not None
        read, written, _ = tokens_of(self._attempt, outcome_of(self._attempt))
        # Of a failure nobody tells the cost: its prompt stays taken.
        return (self._input if read is None else read), max(written or 0, self._reserved)

    def _take(self, read: int, written: int, usd: float | None = None) -> None:
        usd = self._cost(read, written) if usd is None else usd
        more, more_written, more_usd = read - self._input, written - self._output, usd - self._usd
        for scope in self._scopes:
            scope.taken["tokens"] += more + more_written
            scope.taken["output_tokens"] += more_written
            scope.taken["usd"] += more_usd
        self._input, self._output, self._usd = read, written, usd

    def _cost(self, read: int, written: int) -> float:
        return 0.0 if self._price is None else cost(self._price, read, written)


def spent_in(budget: Budget, price_of: PriceOf) -> Spent:
    return spent_on(budget.attempts, price_of)


def left_of(budget: Budget | None) -> dict[str, Any]:
    """Of the innermost scope that limits each."""
    found: dict[str, Any] = dict.fromkeys(each.name for each in fields(Limits))
    for scope in budget.chain() if budget is not None else ():
        for what in found:
            if found[what] is None and (left := scope.left(what)) is not None:
                found[what] = left if what == "usd" else int(left)
    return found
