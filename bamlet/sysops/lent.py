"""Tokens and keys that are lent for some time: asked for once, kept until shortly before their end.

A program never holds such a token. It gets a stand-in, which is exchanged when the request goes out, and only
there where the token may go.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from ..patterns import pattern

T = TypeVar("T")

MARGIN_SECONDS = 60.0
"""Before its end a thing is asked for anew: a request under way must not outlive it."""
_STAND_IN = pattern(r"<lent token (\d+)>")


class NotLent(Exception):
    """A token or a signature was to go where its provider is not."""


class Lent:
    """Of one runtime, whatever its event loops. Calls that need the same thing at once ask once.

    `more_hosts` are those to which the host lends beside the provider's own.
    """

    def __init__(self, more_hosts: Iterable[str] = ()) -> None:
        self.more_hosts = frozenset(host.lower() for host in more_hosts)
        self._kept: dict[Hashable, tuple[Any, float]] = {}
        # Each key with its token's stand-in, and whose token it is.
        self._stand_ins: dict[Hashable, tuple[int, str]] = {}
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

    def check(self, authorization: str, url: str) -> None:
        """Raises `NotLent` where what is lent for this provider must not go."""
        from ..providers.lending import is_among, is_host_of

        if not (is_host_of(authorization, url) or is_among(self.more_hosts, url)):
            raise NotLent(
                f"{_OWNERS[authorization]} are lent to hosts of the provider only, over https, and not to the"
                " base_url of this client; a host program may allow one more: Runtime(..., lend_to=[HOST])",
            )

    def stand_in(self, key: Hashable, authorization: str) -> str:
        number, _ = self._stand_ins.setdefault(key, (len(self._stand_ins) + 1, authorization))
        return f"<lent token {number}>"

    def exchanged(self, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers with tokens in the place of their stand-ins. Raises `NotLent`."""
        if not self._stand_ins:
            return headers
        keys = {number: (key, owner) for key, (number, owner) in self._stand_ins.items()}

        def token(found: re.Match[str]) -> str:
            key, owner = keys.get(int(found[1]), (None, ""))
            if not owner:
                return found[0]
            self.check(owner, url)
            return str(self._kept[key][0])

        return {name: _STAND_IN.sub(token, value) for name, value in headers.items()}


_OWNERS = {"google": "Google's tokens", "azure": "Azure's tokens", "aws": "AWS's signatures"}
