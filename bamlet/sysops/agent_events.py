"""What an agent does, one frozen value each: told by the loop in the library, heard by the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..interpreter.runtime.values import to_plain
from ..records import dataclass, fields
from .host import Context
from .registry import sysop
from .sink import Done, Partial, Reset, Said, StreamEvent


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
        found = {field.name: to_plain(getattr(self, field.name)) for field in fields(self)}
        return {"event": self.name, **found}


@dataclass(frozen=True, slots=True)
class StepStarted(_Event):
    """The model is asked."""


@dataclass(frozen=True, slots=True)
class StepEnded(_Event):
    """The model has spoken: a `baml.agent.Message`."""

    message: Any


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
    """The agent has answered."""

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
    | ChunkSaid
    | PartialAnswer
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
                if isinstance(event, StepStarted):
                    self._path, self._step, self._has_spoken = event.path, event.step, False
                found: AgentEvent = event
                return found
            case Said(chunk=chunk):
                self._has_spoken = True
                return ChunkSaid(*self._where(), chunk)
            case Partial(value=value):
                return PartialAnswer(*self._where(), value)
            case Reset(attempt=attempt, reason=reason) if self._has_spoken:
                return StepReset(*self._where(), attempt, reason)
            case _:
                return None  # a new step says itself that the one before has ended

    def _where(self) -> tuple[tuple[str, ...], int, float]:
        return self._path, self._step, self._now()


_TOLD: dict[str, Any] = {
    kind.__name__: kind for kind in (StepEnded, ApprovalNeeded, ToolStarted, ToolEnded, Ended)
}


@sysop("baml.agent.tell_host")
async def tell_host(context: Context, kind: str, step: int, about: Any) -> None:
    host = context.host
    sink = host.voice.sink
    if sink.wants_agents:
        path, at = host.agent_path(), host.services.clock.now()
        event = StepStarted(path, step, at) if kind == "StepStarted" else _TOLD[kind](path, step, at, about)
        await sink.done(event)
