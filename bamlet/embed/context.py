"""What a caller may say about one call, and the means to stop it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class AbortController:
    """Stops the calls it was given to. It may be used from any thread, for many calls, once."""

    def __init__(self) -> None:
        self.aborted = False
        self._listeners: dict[int, Callable[[], None]] = {}

    def abort(self) -> None:
        self.aborted = True
        for listener in list(self._listeners.values()):
            listener()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when aborted; the result takes that back."""
        self._listeners[id(listener)] = listener
        return lambda: self._listeners.pop(id(listener), None) and None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Options of one call. Nothing in it is changed by the call.

    `client` replaces the client of every LLM function: a name, or `provider/model`. `env` lies over the
    environment; None hides a variable. `deadline` is in seconds for the whole call. With `on_partial` or
    `on_tick` a plain call streams; the callbacks may be coroutine functions.
    """

    client: str | None = None
    env: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    cancel: AbortController | None = None
    deadline: float | None = None
    on_partial: Callable[[Any], Awaitable[None] | None] | None = None
    on_tick: Callable[[list[Any]], Awaitable[None] | None] | None = None
