"""How many requests may be under way, and how many may begin in a minute, for each primitive client.

The number under way grows while nothing is refused and shrinks when something is. What a provider refuses goes
back to the head of the queue; what it says of waiting stops the client and not the row.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Self, TypeAlias

from ..providers import http_error
from ..providers.prices import CHARACTERS_PER_TOKEN
from ..providers.rate_limits import rate_limits
from ..records import dataclass, field
from .budget import LEASE_REQUESTS, UNLIMITED, Buckets, Budget, Rate

START = 4
CEILING = 1_000
CUT, MORE = 0.8, 1.25
ANSWERS_A_PROBE = 200  # so that looking for more is refused less than once in so many requests
MAX_REFUSALS = 20  # of one request; then the row fails
REFUSED = frozenset({429, 503, 529})
HELD_ROWS = 8  # that may wait for time to pass
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 10.0  # seconds for a request whose refusal says nothing of waiting


@dataclass(frozen=True, slots=True)
class Limits:
    """`concurrency` is None for as much as goes."""

    concurrency: int | None = None
    rate: Rate = UNLIMITED
    answer_tokens: float = 0.0  # what is reserved for an answer
    ceiling: int = CEILING


@dataclass(slots=True)
class _Waiting:
    admitted: asyncio.Future[None]
    tokens: float
    not_before: float


MakeBudget: TypeAlias = Callable[[str, Rate, Callable[[], None]], Budget]
"""Of a client, and what is called when it may have more room than it said."""


def own_budget(client: str, rate: Rate, heard: Callable[[], None]) -> Budget:
    return Buckets(rate, asyncio.get_running_loop().time())


@dataclass(slots=True)
class Lane:
    """The pace of one client."""

    limits: Limits
    more_room: Callable[[], None]
    name: str = ""
    make_budget: MakeBudget = own_budget
    limit: float = field(init=False)
    running: int = 0
    refusals: int = 0
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _cuts: int = 0
    _sent: float = 0.0  # of the last cut: requests under way, and those of them that were not refused
    _taken: float = 0.0
    _paused_until: float = 0.0
    _budget: Budget | None = None
    _timer: asyncio.TimerHandle | None = None
    _is_held: bool = False
    _reserved: float = 0.0
    _admitted_requests: int = 0

    def __post_init__(self) -> None:
        self.limit = self.limits.concurrency or min(START, self.limits.ceiling)
        if self.limits.rate.is_limited:
            self._budget = self.make_budget(self.name, self.limits.rate, self._resume)

    @property
    def is_held(self) -> bool:
        """Whether more rows would only wait for time to pass."""
        return self._is_held

    def place(self, characters: int, refusals: int) -> LanePlace:
        return LanePlace(self, characters / CHARACTERS_PER_TOKEN + self.limits.answer_tokens, refusals)

    async def enter(self, tokens: float, refusals: int) -> int:
        """Wait until this request may go. Gives how often the lane has been cut then."""
        if not refusals and self._budget is None and self._goes_at_once():
            self._take(tokens, 0.0)
            self.running += 1
        else:
            await self._admitted(tokens, refusals)
        return self._cuts

    def _goes_at_once(self) -> bool:
        """As most do: nobody is before it, and nothing in its way."""
        is_free = not self._waiting and self.running < int(self.limit)
        return is_free and (not self._paused_until or self._paused_until <= asyncio.get_running_loop().time())

    def leave(self) -> None:
        # The waiting requests first: a new row is begun only if the place that came free is still free.
        self.running -= 1
        self._pump()
        self.more_room()

    async def _admitted(self, tokens: float, refusals: int) -> None:
        loop = asyncio.get_running_loop()
        pause = min(FIRST_PAUSE * 2 ** (refusals - 1), LONGEST_PAUSE) if refusals else 0.0
        waiting = _Waiting(loop.create_future(), tokens, loop.time() + pause)
        if refusals:
            self._waiting.appendleft(waiting)
        else:
            self._waiting.append(waiting)
        self._pump()
        try:
            await waiting.admitted
        except asyncio.CancelledError:
            # Whoever cancels us cancels the future at once, and we hear of it a turn of the loop later. In between
            # the line may have moved over us, which gave us nothing. But if the place was ours before we were
            # cancelled, nobody else will give it back.
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            if not waiting.admitted.cancelled():
                self.running -= 1
            self._pump()
            raise

    def _pump(self) -> None:
        """Admit from the head as many as may go; if only time is in the way, come back when it has passed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_held = False
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        while self._waiting and self.running < int(self.limit):
            head, now = self._waiting[0], loop.time()
            wait = max(head.not_before - now, self._paused_until - now)
            if wait <= 0 and self._budget is not None:
                # Asked last: who leases for a request that may not go anyway takes it from the others.
                wait = self._budget.wait(self._next_tokens(), now)
            if wait > 0:
                self._is_held = True
                if wait < math.inf:
                    self._timer = loop.call_later(wait, self._resume)
                return
            self._waiting.popleft()
            if head.admitted.done():
                continue
            self._take(head.tokens, now)
            self.running += 1
            head.admitted.set_result(None)

    def _resume(self) -> None:
        self._timer = None
        self._pump()
        self.more_room()

    def _next_tokens(self) -> Sequence[float]:
        """Of the requests that have a place."""
        free = min(int(self.limit) - self.running, LEASE_REQUESTS)
        return [waiting.tokens for waiting in islice(self._waiting, free)]

    def _take(self, tokens: float, now: float) -> None:
        if self._budget is not None:
            self._budget.take(tokens, now)
        self._reserved += tokens
        self._admitted_requests += 1

    # --- what answers tell

    def grow(self) -> None:
        """One more for each answer, until something is refused. From there on one more while as many are answered
        as are under way, or a quarter of the way to what is taken; and beyond that once in so many answers."""
        if self.limits.concurrency is not None or self.limit >= self.limits.ceiling:
            return
        if not self._cuts:
            step = 1.0
        elif self.limit < self._taken:
            step = max(1.0, (self._taken - self.limit) / 4) / self.limit
        else:
            step = 1 / max(self.limit, ANSWERS_A_PROBE)
            if self.limit >= self._taken + 2:
                self._taken = self.limit * MORE  # they take more now, and how many is to be found
        self.limit = min(self.limits.ceiling, self.limit + step)

    def cut(self, cuts: int) -> None:
        """Once for all that were sent before: `cuts` is how often it had been done when this one was."""
        if cuts == self._cuts:
            self._cuts += 1
            self._sent = self._taken = min(self.limit, self.running)
            self._lower(self._sent * CUT)

    def refuse(self, cuts: int) -> None:
        """The others that were sent before it tell how many are taken, each that is refused one less."""
        self.refusals += 1
        self.cut(cuts)
        if cuts + 1 == self._cuts:
            self._taken = max(1.0, self._taken - 1)
            # By half at most: of an outage, which refuses all, nobody learns how many are taken.
            self._lower(max(self._taken * CUT, self._sent / 2))

    def _lower(self, limit: float) -> None:
        if self.limits.concurrency is None:
            self.limit = max(1.0, min(self.limit, limit))

    def pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    def settle(self, requests: int, used: float) -> None:
        """A row has ended: what was reserved too much for its requests is given back, what is missing is owed."""
        if self._budget is not None and self._admitted_requests:
            reserved = self._reserved / self._admitted_requests * requests
            self._budget.settle(used - reserved, asyncio.get_running_loop().time())


class LanePlace:
    """For `async with`: the place of one request, from when it may go until its answer was heard."""

    __slots__ = ("_cuts", "_lane", "_refusals", "_tokens")

    def __init__(self, lane: Lane, tokens: float, refusals: int) -> None:
        self._lane = lane
        self._tokens = tokens
        self._refusals = refusals
        self._cuts = 0  # of its lane, when it was sent

    async def __aenter__(self) -> Self:
        self._cuts = await self._lane.enter(self._tokens, self._refusals)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        if failure is not None and getattr(failure, "class_name", None) == "Timeout":
            self._lane.cut(self._cuts)
        self._lane.leave()

    def is_refused(self, status: int | None, headers: Mapping[str, str]) -> bool:
        lane = self._lane
        if status not in REFUSED:
            if status is not None and 200 <= status <= 299:
                lane.grow()
                self._look_ahead(headers)
            return False
        lane.refuse(self._cuts)
        asked = http_error(status, tuple(headers.items()), "").retry_after_ms
        if asked is not None:
            lane.pause(asked / 1000)
        return self._refusals < MAX_REFUSALS

    def _look_ahead(self, headers: Mapping[str, str]) -> None:
        """The provider says that nothing is left: its refusal need not be waited for."""
        for limit in rate_limits(headers):
            if limit.remaining == 0 and limit.reset_ms:
                self._lane.pause(limit.reset_ms / 1000)


class ClientPaces:
    """A lane for each client that is asked. `limits_of` knows what one may be asked."""

    def __init__(
        self, limits_of: Callable[[str], Limits], fixed: int | None, make_budget: MakeBudget = own_budget
    ) -> None:
        self._limits_of = limits_of
        self._fixed = fixed
        self._make_budget = make_budget
        self._hear: Callable[[], None] = lambda: None
        self.lanes: dict[str, Lane] = {}

    def hear(self, more_room: Callable[[], None]) -> None:
        """`more_room` is called when one more row may have room."""
        self._hear = more_room

    def place(self, client_name: str, characters: int, refusals: int) -> LanePlace:
        lane = self.lanes.get(client_name)
        if lane is None:
            limits = self._limits_of(client_name)
            lane = Lane(limits, self._hear, client_name, self._make_budget)
            self.lanes[client_name] = lane
        return lane.place(characters, refusals)

    def settle(self, client_name: str | None, requests: int, tokens: int) -> None:
        """What a row has used, of the client that answered it."""
        if client_name in self.lanes:
            self.lanes[client_name].settle(requests, tokens)

    @property
    def refusals(self) -> int:
        return sum(lane.refusals for lane in self.lanes.values())

    def rows(self, running_rows: int) -> bool:
        """Whether one more row should begin. It is asked at each end of a row and of a request."""
        if running_rows >= self.limit:
            return False
        # Rows may wait for a place: many where they may do other things, few where time is in the way.
        slack, running = CEILING, 0
        for lane in self.lanes.values():
            running += lane.running
            if lane.is_held:
                slack = HELD_ROWS
        return running_rows - running <= slack

    @property
    def limit(self) -> int:
        if self._fixed is not None:
            return self._fixed
        total = 0.0
        for lane in self.lanes.values():
            total += lane.limit
        return int(total) or START
