"""Events of Anthropic's messages to what the model has said.

An event is what its data says it is; its name counts only where the data does not say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from ..records import dataclass
from .accumulator import Accumulator, count, text_of, together
from .completion import FinishReason, Usage


@dataclass(slots=True)
class _Thought:
    """A block of thinking while it comes; `redacted` is all there is of one that is sealed."""

    pieces: list[str]
    signature: str
    redacted: str = ""

    def block(self) -> Mapping[str, Any] | None:
        if self.redacted:
            return {"type": "redacted_thinking", "data": self.redacted}
        if not self.signature:
            return None
        return {"type": "thinking", "thinking": "".join(self.pieces), "signature": self.signature}


class AnthropicAccumulator(Accumulator):
    """What one message has said so far. It is done at `message_stop`."""

    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "refusal": "refusal",
        "pause_turn": "pause",
    }

    def __init__(self) -> None:
        super().__init__()
        # What the blocks of calls held at their start: it counts if no fragment follows.
        self._inputs: dict[int, str] = {}
        self._thoughts: dict[int, _Thought] = {}

    @property
    def unread(self) -> tuple[Mapping[str, Any], ...]:
        """Thoughts with their signatures, without which they are refused, and those that nobody can read."""
        blocks = (thought.block() for _, thought in sorted(self._thoughts.items()))
        return tuple(block for block in blocks if block is not None)

    @staticmethod
    def holds_answer(value: dict[str, Any]) -> bool:
        return isinstance(value.get("content"), list)

    def _read(self, value: dict[str, Any], event_name: str) -> str:
        kind = value.get("type")
        read = _EVENTS.get(kind if isinstance(kind, str) else event_name)
        return read(self, value) if read else ""

    @staticmethod
    def _read_usage(raw: dict[str, Any]) -> Usage:
        given, made = count(raw, "input_tokens"), count(raw, "output_tokens")
        cached, written = count(raw, "cache_read_input_tokens"), count(raw, "cache_creation_input_tokens")
        thought = count(raw.get("output_tokens_details"), "thinking_tokens")
        return Usage(given, made, None, cached, written, thought, together(given, cached, written), made, raw)

    # --- single events

    def _message_start(self, value: dict[str, Any]) -> str:
        message = value.get("message")
        if not isinstance(message, dict):
            return ""
        if self._has_begun:
            if message.get("id") == self.id:
                return ""  # some gateways send it twice
            # A gateway has tried again behind our back: what came before is void.
            self._restart()
            self._inputs.clear()
            self._thoughts.clear()
        return self._message(message)

    def _message(self, message: dict[str, Any]) -> str:
        """A message, which may hold all of its content from the start."""
        self._begin(message.get("model"), message.get("id"))
        self._use(message.get("usage"))
        new = ""
        content = message.get("content")
        for index, block in enumerate(content if isinstance(content, list) else ()):
            new += self._block(index, block)
            self._end_block(index)
        self._explain(message.get("stop_details"))
        return new + self._finish(message.get("stop_reason"))

    def _block_start(self, value: dict[str, Any]) -> str:
        self._begin()
        return self._block(count(value, "index") or 0, value.get("content_block"))

    def _block(self, index: int, block: Any) -> str:
        match block:
            case {"type": "text"}:
                return self._text.add(text_of(block, "text"))
            case {"type": "thinking"}:
                self._reasoning.add(text_of(block, "thinking"))
                self._thoughts[index] = _Thought([text_of(block, "thinking")], text_of(block, "signature"))
            case {"type": "redacted_thinking"}:
                self._thoughts[index] = _Thought([], "", text_of(block, "data"))
            case {"type": "tool_use"}:
                self._calls.start(index, text_of(block, "id"), text_of(block, "name"))
                if held := block.get("input"):
                    self._inputs[index] = json.dumps(held, ensure_ascii=False, separators=(",", ":"))
        return ""

    def _block_delta(self, value: dict[str, Any]) -> str:
        self._begin()
        delta = value.get("delta")
        if not isinstance(delta, dict):
            return ""
        kind = delta.get("type")
        if kind == "text_delta":
            return self._text.add(text_of(delta, "text"))
        if kind == "thinking_delta":
            self._reasoning.add(text_of(delta, "thinking"))
            if (thought := self._thoughts.get(count(value, "index") or 0)) is not None:
                thought.pieces.append(text_of(delta, "thinking"))
        elif kind == "signature_delta":
            if (thought := self._thoughts.get(count(value, "index") or 0)) is not None:
                thought.signature += text_of(delta, "signature")
        elif kind == "input_json_delta" and (fragment := text_of(delta, "partial_json")):
            index = count(value, "index") or 0
            self._inputs.pop(index, None)
            self._calls.add(index, fragment)
        return ""

    def _block_stop(self, value: dict[str, Any]) -> str:
        self._end_block(count(value, "index") or 0)
        return ""

    def _end_block(self, index: int) -> None:
        if (held := self._inputs.pop(index, None)) is not None:
            self._calls.add(index, held)
        self._calls.end(index)

    def _message_delta(self, value: dict[str, Any]) -> str:
        self._begin()
        self._use(value.get("usage"))
        delta = value.get("delta")
        if not isinstance(delta, dict):
            return ""
        self._explain(delta.get("stop_details"))
        return self._finish(delta.get("stop_reason"))

    def _message_stop(self, value: dict[str, Any]) -> str:
        self.is_done = True
        self._calls.end_all()
        return self._text.close()

    def _explain(self, details: Any) -> None:
        self._refusal.add(text_of(details, "explanation"))


_Read: TypeAlias = Callable[[AnthropicAccumulator, dict[str, Any]], str]
_EVENTS: Mapping[str, _Read] = {
    "message": AnthropicAccumulator._message,
    "message_start": AnthropicAccumulator._message_start,
    "content_block_start": AnthropicAccumulator._block_start,
    "content_block_delta": AnthropicAccumulator._block_delta,
    "content_block_stop": AnthropicAccumulator._block_stop,
    "message_delta": AnthropicAccumulator._message_delta,
    "message_stop": AnthropicAccumulator._message_stop,
}
