"""What an agent does, one frozen value each: told by the loop in the library, heard by the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..interpreter.runtime.values import Instance, to_plain
from ..records import asdict, dataclass, fields, replace
from .host import Context, Host
from .registry import sysop
from .spent import Spent, spent_on
from .stream_events import Arguments, Done, Partial, Reset, Said, StreamEvent


@dataclass(frozen=True, slots=True)
class _Event:
    """`path` are the names of the agents around it and its own; `at` is in seconds, by the runtime's clock."""

    path: tuple[str, ...]
    step: int
    at: float

    @property
    def name(self) -> str:
        return type(self).__name__

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        found = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {"event": self.name, **found}


def _plain(value: Any) -> Any:
    return asdict(value) if isinstance(value, Spent) else to_plain(value)


@dataclass(frozen=True, slots=True)
class StepStarted(_Event):
    """The model is asked."""


@dataclass(frozen=True, slots=True)
class StepEnded(_Event):
    """The model has spoken: a `baml.agent.Message`. `finish` is why it ended, `spent` what this step has cost."""

    message: Any
    finish: str | None
    spent: Spent


@dataclass(frozen=True, slots=True)
class ApprovalNeeded(_Event):
    """The run ends here, unless a person agrees: a list of `baml.agent.Ask`."""

    asks: Any


@dataclass(frozen=True, slots=True)
class ToolStarted(_Event):
    """A `baml.agent.Call` is run."""

    call: Any


@dataclass(frozen=True, slots=True)
class ToolEnded(_Event):
    """What came of a call, run or not: a `baml.agent.Result`."""

    result: Any


@dataclass(frozen=True, slots=True)
class Ended(_Event):
    """The agent has answered. `spent` is what the call has cost so far."""

    value: Any
    spent: Spent


@dataclass(frozen=True, slots=True)
class ToolProgress(_Event):
    """What a function of the host tells while it runs."""

    call_id: str
    tool: str
    value: Any


@dataclass(frozen=True, slots=True)
class PartialArguments(_Event):
    """The arguments of a call that the model is still writing, as far as they go."""

    call_id: str
    tool: str
    value: Any


@dataclass(frozen=True, slots=True)
class ChunkSaid(_Event):
    """A piece of what the model says: a `StreamChunk`."""

    chunk: Any


@dataclass(frozen=True, slots=True)
class PartialAnswer(_Event):
    """The answer as far as it has come."""

    value: Any


@dataclass(frozen=True, slots=True)
class StepReset(_Event):
    """What the model has said in this step no longer counts."""

    attempt: int
    reason: str


AgentEvent: TypeAlias = (
    StepStarted
    | StepEnded
    | ApprovalNeeded
    | ToolStarted
    | ToolEnded
    | Ended
    | ToolProgress
    | ChunkSaid
    | PartialAnswer
    | PartialArguments
    | StepReset
)


class Steps:
    """Makes events of agents of what a stream shows: pieces of text belong to the step that began last."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._path: tuple[str, ...] = ()
        self._step = 0
        self._has_spoken = False

    def event(self, shown: StreamEvent) -> AgentEvent | None:
        match shown:
            case Done(event=event):
                # Agents in its tools are called and not streamed: they say nothing in pieces, also while it does.
                if isinstance(event, StepStarted) and len(event.path) <= 1:
                    self._path, self._step, self._has_spoken = event.path, event.step, False
                found: AgentEvent = event
                return found
            case Said(chunk=chunk):
                self._has_spoken = True
                return ChunkSaid(*self._where(), chunk)
            case Arguments(call_id=call_id, tool=tool, value=value):
                return PartialArguments(*self._where(), call_id, tool, value)
            case Partial(value=value):
                return PartialAnswer(*self._where(), value)
            case Reset(attempt=attempt, reason=reason) if self._has_spoken:
                return StepReset(*self._where(), attempt, reason)
            case _:
                return None  # a new step says itself that the one before has ended

    def _where(self) -> tuple[tuple[str, ...], int, float]:
        return self._path, self._step, self._now()


def merged(events: list[AgentEvent]) -> list[AgentEvent]:
    """Between two acts one of each kind. Nothing that an agent has done is left out, and no text that was said."""
    kept: list[AgentEvent] = []
    between: dict[tuple[object, ...], AgentEvent] = {}
    for event in events:
        place = _place(event)
        if place is None:
            kept += [*between.values(), event]
            between.clear()
        else:
            # Behind what came before it: a value may hold what a text has said.
            earlier = between.pop(place, None)
            between[place] = event if earlier is None else _both(earlier, event)
    return [*kept, *between.values()]


def _place(event: AgentEvent) -> tuple[object, ...] | None:
    """Whose neighbours it may be merged with."""
    match event:
        case ChunkSaid(chunk=chunk) if chunk.type in _TEXTS:
            return ChunkSaid, event.path, event.step, chunk.type, chunk.slot
        case PartialAnswer():
            return PartialAnswer, event.path, event.step
        case PartialArguments(call_id=call_id) | ToolProgress(call_id=call_id):
            return type(event), event.path, event.step, call_id
        case _:
            return None


_TEXTS = frozenset({"content", "reasoning", "refusal", "tool_call_chunk"})


def _both(earlier: AgentEvent, later: AgentEvent) -> AgentEvent:
    if isinstance(earlier, ChunkSaid) and isinstance(later, ChunkSaid):
        return replace(later, chunk=replace(later.chunk, text=earlier.chunk.text + later.chunk.text))
    return later


def _is_call(part: Any) -> bool:
    return isinstance(part, Instance) and part.__class_name__ == "baml.agent.Call"


_TOLD: dict[str, Any] = {kind.__name__: kind for kind in (ApprovalNeeded, ToolStarted, ToolEnded)}


@sysop("baml.agent.tell_host")
async def tell_host(context: Context, kind: str, step: int, about: Any) -> None:
    host = context.host
    if host.voice.sink.wants_agents:
        path, at = host.agent_path(), host.services.clock.now()
        await host.voice.sink.tell(Done(_event(host, kind, path, step, at, about)))


def _event(host: Host, kind: str, path: tuple[str, ...], step: int, at: float, about: Any) -> AgentEvent:
    attempts = host.asking.record.attempts
    match kind:
        case "StepStarted":
            return StepStarted(path, step, at)
        case "StepEnded":
            asked = host.asking.attempt
            finish = asked.said.finish_reason if asked is not None and asked.said is not None else None
            if finish == "stop" and any(_is_call(part) for part in about.parts):
                finish = "tool_calls"  # which some servers do not say, and no text that calls
            own = [attempt for attempt in attempts if attempt.run == host.asking.run]
            return StepEnded(path, step, at, about, finish, spent_on(own, host.price_of))
        case "Ended":
            return Ended(path, step, at, about, spent_on(attempts, host.price_of))
        case _:
            found: AgentEvent = _TOLD[kind](path, step, at, about)
            return found
