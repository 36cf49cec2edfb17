"""Requests and tokens a minute of one client: kept here, or leased from whoever keeps them for several workers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from ..records import dataclass

BURST_SECONDS = 0.5
LEASE_REQUESTS = 10
LEASE_SECONDS = 0.25  # what a lease gave and nobody took has lapsed
REACH_SECONDS = 1.0  # an owner that answers no sooner is not there


@dataclass(frozen=True, slots=True)
class Rate:
    """Per minute; None for no limit."""

    rpm: float | None = None
    tpm: float | None = None

    def shared(self, parts: int) -> Rate:
        return Rate(self.rpm and self.rpm / parts, self.tpm and self.tpm / parts)

    @property
    def is_limited(self) -> bool:
        return bool(self.rpm or self.tpm)


class Budget(Protocol):
    def wait(self, tokens: Sequence[float], now: float) -> float:
        """Seconds until the first of these requests may be sent; infinite where somebody will say so."""
        ...

    def take(self, tokens: float, now: float) -> None:
        """One request is sent."""
        ...

    def settle(self, tokens: float, now: float) -> None:
        """So many more tokens were used than were taken; a number below 0 gives back."""
        ...


class Bucket:
    """So much a minute, and at most what half a second gives at once. What was taken too much is owed."""

    def __init__(self, per_minute: float, now: float) -> None:
        self._rate = per_minute / 60
        self._room = max(1.0, self._rate * BURST_SECONDS)
        self._level = self._room
        self._at = now

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken. What is more than the bucket holds is taken from a full one."""
        self._fill(now)
        return max(0.0, (min(amount, self._room) - self._level) / self._rate)

    def take(self, amount: float, now: float) -> None:
        self._fill(now)
        self._level -= amount

    def _fill(self, now: float) -> None:
        self._level = min(self._room, self._level + (now - self._at) * self._rate)
        self._at = now


class Buckets:
    """The budget of one process, or of the owner of several."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._requests = Bucket(rate.rpm, now) if rate.rpm else None
        self._tokens = Bucket(rate.tpm, now) if rate.tpm else None

    def wait(self, tokens: Sequence[float], now: float) -> float:
        requests = self._requests.wait(1, now) if self._requests is not None else 0.0
        return max(requests, self._tokens.wait(tokens[0], now) if self._tokens is not None else 0.0)

    def take(self, tokens: float, now: float) -> None:
        if self._requests is not None:
            self._requests.take(1, now)
        self.settle(tokens, now)

    def settle(self, tokens: float, now: float) -> None:
        if self._tokens is not None:
            self._tokens.take(tokens, now)


UNLIMITED = Rate()


@dataclass(frozen=True, slots=True)
class Grant:
    """So many requests may go at once; for the next one `wait` seconds are to pass."""

    requests: int
    wait: float = 0.0


class Owner:
    """Keeps the limits of all clients for all workers. A grant is an answer at once, and never a wait."""

    def __init__(self, rate_of: Callable[[str], Rate]) -> None:
        self._rate_of = rate_of
        self._clients: dict[str, Buckets] = {}

    def lease(self, client: str, tokens: Sequence[float], owed: float, now: float) -> Grant:
        """For the requests of these tokens, the first of them first. `owed` is what earlier ones used too much."""
        buckets = self._clients.get(client)
        if buckets is None:
            buckets = self._clients[client] = Buckets(self._rate_of(client), now)
        buckets.settle(owed, now)
        for number, amount in enumerate(tokens):
            if (wait := buckets.wait([amount], now)) > 0:
                return Grant(number, wait)
            buckets.take(amount, now)
        return Grant(len(tokens))


Lease: TypeAlias = Callable[[str, Sequence[float], float], Awaitable[Grant]]
"""Client, tokens, and what is owed, as `Owner.lease` takes them, over a wire."""


class Leased:
    """The budget of a worker. `heard` is called when the owner has answered. While it cannot be reached, the
    worker keeps to `own`, its share of the limit."""

    def __init__(self, client: str, lease: Lease, own: Rate, heard: Callable[[], None]) -> None:
        self._client = client
        self._lease = lease
        self._own = own
        self._heard = heard
        self._requests = 0
        self._tokens = 0.0
        self._owed = 0.0
        self._lapses = 0.0
        self._not_before = 0.0
        self._alone: Buckets | None = None
        self._asking: asyncio.Task[None] | None = None

    def wait(self, tokens: Sequence[float], now: float) -> float:
        if self._alone is not None:
            if now >= self._not_before:
                self._begin_to_ask(tokens)
            return self._alone.wait(tokens, now)
        if self._requests and now < self._lapses:
            return 0.0
        if now < self._not_before:
            return self._not_before - now
        self._begin_to_ask(tokens)
        return math.inf

    def take(self, tokens: float, now: float) -> None:
        if self._alone is not None:
            self._alone.take(tokens, now)
        else:
            self._requests -= 1
            self._tokens -= tokens

    def settle(self, tokens: float, now: float) -> None:
        self._owed += tokens

    def _begin_to_ask(self, tokens: Sequence[float]) -> None:
        if self._asking is not None:
            return
        # What had been granted and was not used has lapsed: its tokens are given back. Before there is a task: it
        # takes along what is owed in its first step, and the owner would hear of these with the next lease only.
        self._owed -= self._tokens
        self._requests, self._tokens = 0, 0.0
        self._asking = asyncio.create_task(self._ask(list(tokens[:LEASE_REQUESTS])))

    async def _ask(self, tokens: list[float]) -> None:
        # Taken before the wait: what requests settle meanwhile is for the next lease.
        owed, self._owed = self._owed, 0.0
        now = asyncio.get_running_loop().time
        try:
            grant = await asyncio.wait_for(self._lease(self._client, tokens, owed), REACH_SECONDS)
        except (TimeoutError, OSError):
            # If only the answer was lost the owner counts it twice: the limit is kept too well for once.
            self._owed += owed
            self._alone = self._alone or Buckets(self._own, now())
            self._not_before = now() + REACH_SECONDS
        else:
            self._alone = None
            self._requests = grant.requests
            self._tokens = sum(tokens[: grant.requests])
            self._lapses = now() + LEASE_SECONDS
            self._not_before = 0.0 if grant.requests else now() + grant.wait
        finally:
            self._asking = None
        # Behind that: who hears it lets requests go on, and the next one that must wait asks again. It would not
        # if somebody seemed to ask still. And not when this was cancelled: nobody would end what it began then.
        self._heard()

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
