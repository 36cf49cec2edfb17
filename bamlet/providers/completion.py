"""What a model has answered, whichever dialect it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from ..records import dataclass, field

FinishReason: TypeAlias = Literal[
    "stop", "length", "tool_calls", "content_filter", "refusal", "pause", "error", "other"
]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them; None is what it did not say. `raw` is all that it said.

    The `whole_` numbers mean the same for every provider: all that went in, also what came out of a cache, and
    all that came out, also what was only thought.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    whole_input_tokens: int | None = None
    whole_output_tokens: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`arguments` is the JSON text as it came, `""` if none did. Gemini wants its `signature` back."""

    id: str
    name: str
    arguments: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """`raw_finish_reason` is the provider's word, `finish_reason` ours. `unread` are parts that the provider
    wants back as they are, before the calls that follow them.
    """

    text: str
    reasoning: str
    refusal: str | None
    finish_reason: FinishReason | None
    raw_finish_reason: str | None
    usage: Usage | None
    tool_calls: tuple[ToolCall, ...]
    model: str | None
    id: str | None
    unread: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)

    @property
    def characters(self) -> int:
        """How many the model has written."""
        called = sum(len(call.name) + len(call.arguments) for call in self.tool_calls)
        return len(self.text) + len(self.reasoning) + len(self.refusal or "") + called
