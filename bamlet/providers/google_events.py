"""Objects of Gemini's `streamGenerateContent` to what the model has said. Only candidate 0 is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from .accumulator import Accumulator, count, list_of, objects_in, text_of, together
from .completion import FinishReason, Usage
from .json_paths import JsonBuilder

_FILTERS = (
    "safety",
    "recitation",
    "language",
    "blocklist",
    "prohibited_content",
    "spii",
    "image_safety",
    "image_prohibited_content",
    "image_recitation",
    "model_armor",
)
_MISTAKES = (
    "malformed_function_call",
    "unexpected_tool_call",
    "too_many_tool_calls",
    "malformed_response",
    "missing_thought_signature",
)


class GoogleAccumulator(Accumulator):
    """What one answer has said so far. Nothing says that it is done: usage may follow the finish reason."""

    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "stop": "stop",
        "max_tokens": "length",
        "continuation": "length",
        **dict.fromkeys(_FILTERS, "content_filter"),
        **dict.fromkeys(_MISTAKES, "error"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._prompt_is_blocked = False
        # A call whose arguments come path by path, and its index.
        self._building: tuple[int, JsonBuilder] | None = None
        self._begun_calls = 0

    @staticmethod
    def holds_answer(value: dict[str, Any]) -> bool:
        if text_of(value.get("promptFeedback"), "blockReason"):
            return True
        first = next((each for each in list_of(value, "candidates") if isinstance(each, dict)), {})
        return isinstance(first.get("content"), dict) or bool(text_of(first, "finishReason"))

    @property
    def finish_reason(self) -> FinishReason | None:
        return "content_filter" if self._prompt_is_blocked else super().finish_reason

    def feed_value(self, value: Any, event_name: str = "message") -> str:
        if isinstance(value, list):
            return "".join(self.feed_value(item, event_name) for item in value)
        return super().feed_value(value, event_name)

    def _read(self, value: dict[str, Any], event_name: str) -> str:
        candidates, feedback = value.get("candidates"), value.get("promptFeedback")
        if candidates is None and feedback is None and "usageMetadata" not in value:
            return ""
        self._begin(value.get("modelVersion"), value.get("responseId"))
        self._use(value.get("usageMetadata"))
        new = ""
        for candidate in objects_in(candidates):
            if not candidate.get("index"):
                new += self._candidate(candidate)
        if reason := text_of(feedback, "blockReason"):
            self._prompt_is_blocked = True
            new += self._finish(reason)
        return new

    def _finish(self, reason: Any) -> str:
        if reason:
            self._end_building()
        return super()._finish(reason)

    def _candidate(self, candidate: dict[str, Any]) -> str:
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        new = ""
        for part in objects_in(parts):
            if part.get("thought") is True:
                self._reasoning.add(text_of(part, "text"))
            else:
                new += self._text.add(text_of(part, "text"))
            if isinstance(call := part.get("functionCall"), dict):
                self._call(call, text_of(part, "thoughtSignature") or None)
        return new + self._finish(candidate.get("finishReason"))

    # --- function calls: whole, or path by path

    def _call(self, call: dict[str, Any], signature: str | None) -> None:
        name, goes_on = text_of(call, "name"), call.get("willContinue") is True
        pieces = call.get("partialArgs")
        if name:
            self._end_building()
            self._calls.start(self._begun_calls, text_of(call, "id"), name, signature)
            self._building = (self._begun_calls, JsonBuilder(call.get("args")))
            self._begun_calls += 1
        if self._building is not None:
            for piece in objects_in(pieces):
                self._building[1].add(text_of(piece, "jsonPath"), _piece_value(piece))
        if not goes_on:
            self._end_building()

    def _end_building(self) -> None:
        if self._building is not None:
            index, builder = self._building
            self._building = None
            self._calls.add(index, json.dumps(builder.value, ensure_ascii=False, separators=(",", ":")))
            self._calls.end(index)

    @staticmethod
    def _read_usage(raw: dict[str, Any]) -> Usage:
        given, made = count(raw, "promptTokenCount"), count(raw, "candidatesTokenCount")
        thought = count(raw, "thoughtsTokenCount")
        return Usage(
            given,
            made,
            count(raw, "totalTokenCount"),
            count(raw, "cachedContentTokenCount"),
            None,
            thought,
            together(given, count(raw, "toolUsePromptTokenCount")),
            # A count of 0 is left out.
            together(0 if made is None and given is not None else made, thought),
            raw,
        )


def _piece_value(piece: dict[str, Any]) -> Any:
    return next((piece[name] for name in ("stringValue", "numberValue", "boolValue") if name in piece), None)
