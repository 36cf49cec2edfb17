"""What a caller may say about one call, and the means to stop it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..sap import Report
    from ..types.schema import Schemas


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
        """Call `listener` when aborted, also if that is already so; the result takes it back."""
        # In this order, the reverse of that in `abort`: of two threads one sees the other. It may be called twice.
        self._listeners[id(listener)] = listener
        if self.aborted:
            listener()

        def forget() -> None:
            self._listeners.pop(id(listener), None)

        return forget


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits in seconds for each request of a call, and with `total` for all attempts of each LLM function in it.

    They are in addition to those of the clients: the shorter one counts.
    """

    connect: float | None = None
    first_token: float | None = None
    idle: float | None = None
    request: float | None = None
    total: float | None = None

    def __post_init__(self) -> None:
        for name, limit in self.given().items():
            if limit <= 0:
                raise ValueError(f"the limit `{name}` is a number of seconds above 0, not {limit}")

    def given(self) -> dict[str, float]:
        """Those that are set, by name."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: limit for name, limit in values.items() if limit is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Options of one call. Nothing in it is changed by the call.

    `client` replaces the client of every LLM function: a name, or `provider/model`. `env` lies over the
    environment; None hides a variable. `deadline` is in seconds for the whole call. `max_steps` bounds the
    rounds of its loops and the calls that its recursion multiplies. `timeouts` bound requests and LLM calls.
    `types` are added to those of the program, or take their place by name: what a type builder makes.

    With `on_partial`, `on_delta` (the text as the model wrote it) or `on_tick` a plain call streams. `on_reset`
    hears the number of an attempt that begins after another one has shown something: what was shown no longer
    counts. These callbacks may be coroutine functions; what one raises stops the call and reaches the caller.

    With `strict`, an answer of which the value would lose something is an error. `on_report` is told what became
    of each answer: what was dropped, cut off, changed or ignored.
    """

    client: str | None = None
    env: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    cancel: AbortController | None = None
    deadline: float | None = None
    max_steps: int | None = None
    types: Schemas | None = None
    timeouts: Timeouts | None = None
    on_partial: Callable[[Any], Awaitable[None] | None] | None = None
    on_delta: Callable[[str], Awaitable[None] | None] | None = None
    on_tick: Callable[[list[Any]], Awaitable[None] | None] | None = None
    on_reset: Callable[[int], Awaitable[None] | None] | None = None
    strict: bool = False
    on_report: Callable[[Report], object] | None = None
