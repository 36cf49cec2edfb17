"""Time and chance, behind one door so that tests and replays can hand in their own."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from .host import Context
from .registry import sysop


class Clock:
    """The real clock."""

    # Seconds, never going back, of which only differences mean something; and seconds since the beginning of 1970.
    # Not behind methods of our own: they are asked a dozen times in a call.
    now = staticmethod(time.monotonic)
    unix = staticmethod(time.time)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def random(self) -> float:
        """At least 0 and less than 1."""
        return random.random()


class SeededClock(Clock):
    """The real time, and a chance that is the same for the same seed."""

    def __init__(self, *seed: object) -> None:
        self._random = random.Random("\0".join(map(str, seed)))  # of a text it takes a digest, on every platform

    def random(self) -> float:
        return self._random.random()


def fresh_id(prefix: str) -> str:
    """A name that nothing else has, also in a forked process."""
    return f"{prefix}{random.getrandbits(96):024x}"


@sysop("baml.sys.sleep")
async def sleep(context: Context, delay: Any) -> None:
    """Milliseconds, or a `baml.time.Duration`."""
    seconds = delay / 1000 if isinstance(delay, int) else delay.nanoseconds / 1e9
    if seconds > 0:
        await context.host.services.clock.sleep(seconds)


@sysop("baml.sys.now_ms")
def now_ms(context: Context) -> int:
    return round(context.host.services.clock.now() * 1000)


@sysop("baml.sys.unix_ms")
def unix_ms(context: Context) -> int:
    return round(context.host.services.clock.unix() * 1000)


@sysop("baml.sys.random")
def chance(context: Context) -> float:
    return context.host.services.clock.random()
