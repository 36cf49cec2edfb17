"""The pace of requests to models, where a call keeps one: each waits for its place, and tells how it went.

A request that the provider refuses for now is held back and sent again. Whoever asked does not hear of it before
the pace gives it up, and only there retry policies begin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from ..interpreter.runtime.context import Context  # of any host: that of operations knows of the pace

R = TypeVar("R")


class Place(Protocol):
    """Of one request in the pace of its client."""

    def is_refused(self, status: int | None, headers: Mapping[str, str]) -> bool:
        """How the answer began; None is an answer that never did. True: leave, come back, and send it again."""
        ...


class Pace(Protocol):
    def place(self, client_name: str, characters: int, refusals: int) -> AbstractAsyncContextManager[Place]:
        """Entering waits until a request of so many characters, refused so often, may be sent."""
        ...


async def paced(
    context: Context[Any],
    request: Any,
    send: Callable[[], Awaitable[R]],
    head: Callable[[R], tuple[int | None, Any]],
) -> R:
    """What `send` gives, at the pace of the request's client. `head` finds status and headers in it."""
    pace = context.host.pace
    assert pace is not None, "asked for where there is one"
    refusals = 0
    while True:
        async with pace.place(request.client_name, len(request.body), refusals) as place:
            found = await send()
            if not place.is_refused(*head(found)):
                return found
        # Left before it waits again: a request that is held back would keep the place of one that may go.
        refusals += 1
