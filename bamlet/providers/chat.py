"""Events of a chat completion stream to what the model has said.

Tolerant of everything that servers of the family do; only choice 0 is read. Fed with the plainest event it
costs little more than the event's JSON.
"""

from __future__ import annotations

import json
from typing import Any

from ..wire.sse import Event
from .completion import Completion, FinishReason, ToolCall, Usage
from .errors import ErrorBody, ProviderError, read_error, stream_error
from .pieces import TextPieces
from .tool_calls import ToolCallSlots

_decode = json.JSONDecoder().raw_decode

_FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
}


class ChatAccumulator:
    """What one response has said so far. `is_done` is `[DONE]`; `is_complete` also a finish reason."""

    def __init__(self) -> None:
        self.model: str | None = None
        self.id: str | None = None
        self.raw_finish_reason: str | None = None
        self.is_done = False
        self.bad_events = 0
        self._text = TextPieces()
        self._reasoning = TextPieces()
        self._refusal = TextPieces()
        self._calls = ToolCallSlots()
        self._usage: dict[str, Any] | None = None
        self._has_answer = False

    @property
    def text(self) -> str:
        return self._text.text

    @property
    def reasoning(self) -> str:
        return self._reasoning.text

    @property
    def refusal(self) -> str | None:
        return self._refusal.text or None

    @property
    def is_complete(self) -> bool:
        return self.is_done or self.raw_finish_reason is not None

    @property
    def finish_reason(self) -> FinishReason | None:
        if self.raw_finish_reason is None:
            return None
        reason = _FINISH_REASONS.get(self.raw_finish_reason.lower(), "other")
        if reason == "stop" and self._calls:
            return "tool_calls"
        return "refusal" if reason == "stop" and self.refusal else reason

    @property
    def usage(self) -> Usage | None:
        return None if self._usage is None else _usage(self._usage)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return self._calls.calls()

    def feed(self, event: Event) -> str:
        """The new text. Raises `ProviderError` for an error that the stream reports."""
        if self.is_done:
            return ""
        data = event.data
        try:
            value, end = _decode(data)
            if end != len(data) and data[end:].strip():
                raise ValueError("more than one value")
        except (ValueError, RecursionError):
            return self._feed_text(event)
        return self.feed_value(value, event.event)

    def feed_value(self, value: Any, event_name: str = "message") -> str:
        """The same for an event's JSON, already read."""
        if isinstance(value, dict):
            choices = value.get("choices")
            new = self._choices(choices) if choices else ""
            if self.id is None or self.model is None:
                self._head(value)
            usage = value.get("usage")
            if usage or "x_groq" in value:
                self._use(usage or (value["x_groq"] or {}).get("usage"))
            if choices and "error" not in value and event_name != "error":
                return new
        else:
            new = ""
        if event_name == "error" or _reports_error(value):
            raise stream_error(read_error(value) or ErrorBody("the provider reports an error"))
        if not isinstance(value, dict):
            self.bad_events += 1
        return new

    def completion(self) -> Completion:
        """The answer of a body that came whole: it needs no finish reason."""
        if not self._has_answer:
            raise ProviderError("empty_response", "the provider answered with nothing", retryable=True)
        for pieces in (self._text, self._reasoning, self._refusal):
            pieces.close()
        return Completion(
            self.text,
            self.reasoning,
            self.refusal,
            self.finish_reason,
            self.raw_finish_reason,
            self.usage,
            self.tool_calls,
            self.model,
            self.id,
        )

    def finish(self) -> Completion:
        """Say that no more events will come. Raises `ProviderError` if the answer is cut off or empty."""
        if self._has_answer and not self.is_complete:
            raise ProviderError("truncated", "the stream ended before the answer did", retryable=True)
        return self.completion()

    def _feed_text(self, event: Event) -> str:
        data = event.data.strip()
        if data == "[DONE]":
            self.is_done = True
            return self._text.close()
        if event.event == "error" and data and not data.startswith(("{", "[")):
            raise stream_error(ErrorBody(data))
        # A value with blank space before it is well formed all the same.
        if data and len(data) != len(event.data):
            return self.feed(Event(event.event, data))
        self.bad_events += 1
        return ""

    def _choices(self, choices: Any) -> str:
        self._has_answer = True
        new = ""
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and not choice.get("index"):
                delta = choice.get("delta") or choice.get("message")
                if delta:
                    new += self._delta(delta)
                reason = choice.get("finish_reason")
                if reason:
                    new += self._finish(reason)
        return new

    def _delta(self, delta: Any) -> str:
        if not isinstance(delta, dict):
            return ""
        content = delta.get("content")
        if type(content) is str:
            new = self._text.add(content) if content else ""
            if len(delta) == 1:
                return new
        else:
            new = self._parts(content) if content else ""
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if type(reasoning) is str:
            self._reasoning.add(reasoning)
        refusal = delta.get("refusal")
        if refusal and type(refusal) is str:
            self._refusal.add(refusal)
        if delta.get("tool_calls"):
            self._calls.feed(delta["tool_calls"])
        if delta.get("function_call"):
            self._calls.feed([{"index": 0, "function": delta["function_call"]}])
        return new

    def _parts(self, parts: Any) -> str:
        """Content as a list of typed parts; what is thought is reasoning."""
        new = ""
        for part in parts if isinstance(parts, list) else ():
            if not isinstance(part, dict):
                continue
            if part.get("type") == "thinking":
                inner = part.get("thinking")
                for thought in inner if isinstance(inner, list) else ({"text": inner},):
                    if isinstance(thought, dict) and isinstance(thought.get("text"), str):
                        self._reasoning.add(thought["text"])
            elif isinstance(part.get("text"), str):
                new += self._text.add(part["text"])
        return new

    def _finish(self, reason: Any) -> str:
        # The first reason counts, except that an error may follow it.
        if isinstance(reason, str) and (self.raw_finish_reason is None or reason == "error"):
            self.raw_finish_reason = reason
            return self._text.close()
        return ""

    def _head(self, value: dict[str, Any]) -> None:
        if self.id is None and isinstance(value.get("id"), str):
            self.id = value["id"] or None
        if self.model is None and isinstance(value.get("model"), str):
            self.model = value["model"] or None

    def _use(self, usage: Any) -> None:
        """Later numbers replace earlier ones; what is absent or null replaces nothing."""
        if isinstance(usage, dict):
            merged = self._usage or {}
            self._usage = merged | {name: value for name, value in usage.items() if value is not None}


def _reports_error(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and _reports_error(value[0])
    if not isinstance(value, dict):
        return False
    return bool(value.get("error")) or value.get("object") == "error"


def _usage(raw: dict[str, Any]) -> Usage:
    prompt, completion = raw.get("prompt_tokens_details"), raw.get("completion_tokens_details")
    return Usage(
        _count(raw, "prompt_tokens"),
        _count(raw, "completion_tokens"),
        _count(raw, "total_tokens"),
        _count(prompt, "cached_tokens"),
        _count(prompt, "cache_write_tokens"),
        _count(completion, "reasoning_tokens"),
        raw,
    )


def _count(numbers: Any, name: str) -> int | None:
    number = numbers.get(name) if isinstance(numbers, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None
