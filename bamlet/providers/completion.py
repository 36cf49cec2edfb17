"""What a model has answered, whichever dialect it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from ..wire.sse import Event

FinishReason: TypeAlias = Literal[
    "stop", "length", "tool_calls", "content_filter", "refusal", "pause", "error", "other"
]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them; None is what it did not say. `raw` is all that it said."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`arguments` is the JSON text as it came, `""` if none did."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Completion:
    """`raw_finish_reason` is the provider's word, `finish_reason` ours."""

    text: str
    reasoning: str
    refusal: str | None
    finish_reason: FinishReason | None
    raw_finish_reason: str | None
    usage: Usage | None
    tool_calls: tuple[ToolCall, ...]
    model: str | None
    id: str | None


class Accumulator(Protocol):
    """What one stream has said so far: fed with each event once, it says what is new.

    It can be asked at any time, also after it raised: what came before the failure stands.
    """

    model: str | None
    id: str | None
    raw_finish_reason: str | None
    is_done: bool
    """Nothing that matters can come any more: reading may stop."""
    bad_events: int
    """Events that could not be read. They are skipped, but not in silence."""

    @property
    def text(self) -> str: ...

    @property
    def reasoning(self) -> str: ...

    @property
    def refusal(self) -> str | None: ...

    @property
    def is_complete(self) -> bool:
        """The model has come to its end; usage may still follow."""
        ...

    @property
    def finish_reason(self) -> FinishReason | None: ...

    @property
    def usage(self) -> Usage | None: ...

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]: ...

    def feed(self, event: Event) -> str:
        """The new text. Raises `ProviderError` when the provider reports one inside the stream."""
        ...

    def finish(self) -> Completion:
        """Say that no more events will come. Raises `ProviderError` if the answer is cut off or empty."""
        ...
