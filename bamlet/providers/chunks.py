"""What an answer says, as a sequence of small facts that all dialects share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

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


@dataclass(frozen=True, slots=True)
class Chunk:
    """A `start` comes first; `stop` or `error` is the last. A second `start` makes void all that came before it.

    `text` is the new text of `content`, `reasoning`, `refusal` and `tool_call_chunk`, the whole arguments of a
    `tool_call_end`, our finish reason of a `stop` and the message of an `error`. `slot` counts the tool calls
    from 0 in the order in which they began.
    """

    type: ChunkType
    text: str = ""
    slot: int | None = None
    id: str | None = None
    name: str | None = None
