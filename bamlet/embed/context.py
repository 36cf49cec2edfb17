"""What a caller may say about one call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..records import dataclass, field, fields

if TYPE_CHECKING:
    from ..sap import Report
    from ..sysops.agent_asks import Ask
    from ..sysops.agent_events import AgentEvent
    from ..sysops.spent import Spent
    from ..types.schema import Schemas
    from .abort import AbortController
    from .client_registry import ClientRegistry
    from .collector import Collector
    from .type_builder import DeclaredTypeBuilder


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
class Budget:
    """What a call, or a runtime, may spend. None is no limit.

    `usd` are dollars, by the prices of the clients; `tokens` those of prompts and answers, `output_tokens` those
    of answers alone; `attempts` are requests to models, `steps` those of agents. An answer that would be too much
    is stopped while it comes.
    """

    usd: float | None = None
    tokens: int | None = None
    output_tokens: int | None = None
    attempts: int | None = None
    steps: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Options of one call. Nothing in it is changed by the call.

    `client` replaces the client of every LLM function: a name, or `provider/model`. `env` lies over the
    environment; None hides a variable. `deadline` is in seconds for the whole call. `max_steps` bounds the
    rounds of its loops and the calls that its recursion multiplies. `timeouts` bound requests and LLM calls.
    `registry` has clients beside those of the program, or in their place; `client` goes over its primary.
    `type_builder` adds to the types of the program; so do `types`, which are whole and take their place by name.
    `collector`, or each of several, is told what the call does.

    With `on_partial`, `on_delta` (the text as the model wrote it) or `on_tick` a plain call streams, and with
    `on_event`, which hears what an agent does. `on_reset`
    hears the number of an attempt that begins after another one has shown something: what was shown no longer
    counts. These callbacks may be coroutine functions; what one raises stops the call and reaches the caller.

    `budget` bounds what is spent on models. `on_spent` hears at the end of the call what it has cost, whatever
    became of it.

    `on_approval` is asked where a call of an agent waits for a person, and gives the answer: True, False, a reason
    for no, or other arguments; without it the call ends with a `BamlPaused`. `deps` is for the functions of the
    host, as `deps` of their `context`; no program sees it.

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
    registry: ClientRegistry | None = None
    type_builder: DeclaredTypeBuilder | None = None
    collector: Collector | Sequence[Collector] | None = None
    timeouts: Timeouts | None = None
    on_partial: Callable[[Any], Awaitable[None] | None] | None = None
    on_delta: Callable[[str], Awaitable[None] | None] | None = None
    on_tick: Callable[[list[Any]], Awaitable[None] | None] | None = None
    on_reset: Callable[[int], Awaitable[None] | None] | None = None
    on_event: Callable[[AgentEvent], Awaitable[None] | None] | None = None
    strict: bool = False
    on_report: Callable[[Report], object] | None = None
    budget: Budget | None = None
    on_spent: Callable[[Spent], object] | None = None
    on_approval: Callable[[Ask], Awaitable[Any]] | None = None
    deps: Any = None

    def __post_init__(self) -> None:
        for name in ("registry", "type_builder", "cancel"):
            if (given := getattr(self, name)) is not None:
                _check(name, given)
        for collector in self.collectors:
            _check("collector", collector)

    @property
    def collectors(self) -> tuple[Collector, ...]:
        given: Any = self.collector
        if given is None:
            return ()
        return tuple(given) if isinstance(given, list | tuple | set | frozenset) else (given,)

    def __repr__(self) -> str:
        """What is given, without the values of variables: they are keys, more often than not."""
        shown = []
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and value != {} and value is not False:
                told = f"{{{', '.join(value)}}}" if each.name == "env" else repr(value)
                shown.append(f"{each.name}={told}")
        return f"CallContext({', '.join(shown)})"


_HOMES = {
    "registry": ("client_registry", "ClientRegistry"),
    "type_builder": ("type_builder", "DeclaredTypeBuilder"),
    "collector": ("collector", "Collector"),
    "cancel": ("abort", "AbortController"),
}


def _check(name: str, given: object) -> None:
    """A wrong object is refused when it is given, and not somewhere inside of the call."""
    module, kind = _HOMES[name]
    if isinstance(given, getattr(import_module(f".{module}", __package__), kind)):
        return
    from .errors import BamlInvalidArgumentError

    home = type(given).__module__.partition(".")[0]
    kind = kind.removeprefix("Declared")
    if home == "baml_py" or (home == "builtins" and type(given).__name__ == kind):
        hint = "this object is baml-py's; import it from bamlet, or install bamlet-baml-py in its place"
    else:
        hint = f"it is a bamlet.{kind}"
    raise BamlInvalidArgumentError(f"Invalid argument: `{name}` cannot be {given!r}: {hint}")
