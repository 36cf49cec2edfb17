"""Tokens and keys that are lent for some time: asked for once, kept until shortly before their end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

MARGIN_SECONDS = 60.0
"""Before its end a thing is asked for anew: a request under way must not outlive it."""


class Lent:
    """Of one runtime, whatever its event loops. Calls that need the same thing at once ask once."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Any, float]] = {}
        self._asking: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, asyncio.Lock]] = (
            WeakKeyDictionary()
        )

    async def get(
        self, key: Hashable, now: Callable[[], float], ask: Callable[[], Awaitable[tuple[T, float]]]
    ) -> T:
        """`ask` says for how many seconds the thing is lent."""
        # A lock of asyncio belongs to one loop, so two loops may ask at once: the later answer is kept.
        locks = self._asking.setdefault(asyncio.get_running_loop(), {})
        async with locks.setdefault(key, asyncio.Lock()):
            # Looked at inside of the lock: whoever waited for it finds what the one before it has got.
            thing, ends = self._kept.get(key, (None, 0.0))
            if key not in self._kept or now() >= ends:
                thing, seconds = await ask()
                self._kept[key] = (thing, now() + seconds - MARGIN_SECONDS)
        kept: T = thing
        return kept
