"""What an answer says, as a sequence of small facts that all dialects share; and the whole, put together again."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal, Self, TypeAlias

from ..records import dataclass, field
from .completion import ToolCall, Usage

ChunkType: TypeAlias = Literal[
    "start",
    "content",
    "reasoning",
    "refusal",
    "tool_call_start",
    "tool_call_chunk",
    "tool_call_end",
    "stop",
    "error",
]


class StreamChunkType(StrEnum):
    """The words of a `StreamChunk.type`."""

    START = "start"
    CONTENT = "content"
    REASONING = "reasoning"
    REFUSAL = "refusal"
    TOOL_CALL_START = "tool_call_start"
    TOOL_CALL_CHUNK = "tool_call_chunk"
    TOOL_CALL_END = "tool_call_end"
    STOP = "stop"
    ERROR = "error"


_CALLS = ("tool_call_start", "tool_call_chunk", "tool_call_end")


@dataclass(frozen=True, slots=True)
class StreamChunk:
    """A `start` comes first; `stop` or `error` is the last. A second `start` makes void all that came before it.

    `text` is the new text of `content`, `reasoning`, `refusal` and `tool_call_chunk`, the whole arguments of a
    `tool_call_end`, our finish reason of a `stop` and the message of an `error`. `slot` counts the tool calls
    from 0 in the order in which they began.
    """

    type: ChunkType | StreamChunkType
    text: str = ""
    slot: int | None = None
    id: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if (self.type in _CALLS) != (self.slot is not None):
            raise ValueError(
                f"a chunk of type {self.type} {'has no' if self.slot is not None else 'needs a'} slot"
            )


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    has_ended: bool = False
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class LLMResponse:
    """What a model has said in one answer. `finish_reason` is None while it has not ended; an answer that broke
    off has an `error`. `tool_calls` are those that have ended."""

    text: str = ""
    reasoning: str = ""
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    error: str | None = None
    usage: Usage | None = field(default=None, compare=False)

    @classmethod
    def from_chunks(cls, chunks: Iterable[StreamChunk]) -> Self:
        """Raises `ValueError` with the index of a chunk that cannot come there."""
        said = _Said()
        for index, chunk in enumerate(chunks):
            if (problem := said.take(chunk)) is not None:
                raise ValueError(f"chunk {index}: {problem}")
        calls = (call for _, call in sorted(said.calls.items()) if call.has_ended)
        return cls(
            "".join(said.texts["content"]),
            "".join(said.texts["reasoning"]),
            "".join(said.texts["refusal"]) or None,
            tuple(ToolCall(call.id, call.name, call.arguments) for call in calls),
            said.finish_reason,
            said.error,
        )


class _Said:
    """What the chunks so far have said."""

    def __init__(self) -> None:
        self.has_begun = False
        self.is_over = False
        self._clear()

    def _clear(self) -> None:
        self.texts: dict[str, list[str]] = {"content": [], "reasoning": [], "refusal": []}
        self.calls: dict[int, _Call] = {}
        self.finish_reason: str | None = None
        self.error: str | None = None

    def take(self, chunk: StreamChunk) -> str | None:
        """What is wrong with it."""
        if self.is_over:
            return f"{chunk.type} after the end"
        if chunk.type == "error":
            self.is_over, self.error = True, chunk.text
            return None
        if chunk.type == "start":
            self.has_begun = True
            self._clear()
            return None
        if not self.has_begun:
            return f"{chunk.type} before the start"
        if chunk.slot is not None:
            return self._take_call(chunk, chunk.slot)
        if chunk.type == "stop":
            self.is_over, self.finish_reason = True, chunk.text
        else:
            self.texts[chunk.type].append(chunk.text)
        return None

    def _take_call(self, chunk: StreamChunk, slot: int) -> str | None:
        if chunk.type == "tool_call_start":
            if slot in self.calls:
                return f"slot {slot} has begun before"
            self.calls[slot] = _Call(chunk.id or "", chunk.name or "")
            return None
        call = self.calls.get(slot)
        if call is None or call.has_ended:
            return f"{chunk.type} of slot {slot}, which {'has ended' if call else 'has not begun'}"
        if chunk.type == "tool_call_end":
            call.has_ended, call.arguments = True, chunk.text
            call.id = chunk.id or call.id
        return None
