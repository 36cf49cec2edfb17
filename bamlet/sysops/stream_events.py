"""What a call shows on its way: each piece as a frozen value."""

from __future__ import annotations

from typing import Any, TypeAlias

from ..records import dataclass, field


@dataclass(frozen=True, slots=True)
class Partial:
    """`replaced`: the value does not continue the one before it, because another part of the answer was meant."""

    value: Any
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text as the model wrote it."""

    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The events that came together."""

    events: list[Any]


@dataclass(frozen=True, slots=True)
class Reset:
    """What was shown before no longer counts; `attempt` counts from 1. `reason` is why the one before was not
    enough: a `FailedAttempt.cause`, or `begun anew` or `another answer`. `client` is the one that is asked now.
    """

    attempt: int
    reason: str = field(default="", compare=False)
    client: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of what a model says, as a `StreamChunk`."""

    chunk: Any


@dataclass(frozen=True, slots=True)
class Arguments:
    """Of a call that the model is still writing, as far as they go."""

    call_id: str
    tool: str
    value: Any


@dataclass(frozen=True, slots=True)
class Done:
    """Something that an agent has done: see `agent_events`."""

    event: Any


StreamEvent: TypeAlias = Partial | Delta | Tick | Reset | Said | Arguments | Done
