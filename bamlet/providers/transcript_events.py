"""A transcription, whole or streamed, to its text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .accumulator import Accumulator, count, text_of
from .completion import FinishReason, Usage


class TranscriptAccumulator(Accumulator):
    """The text of one recording. A transcription names no reason for its end."""

    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {}

    @staticmethod
    def holds_answer(value: dict[str, Any]) -> bool:
        return isinstance(value.get("text"), str)

    def _read(self, value: dict[str, Any], event_name: str) -> str:
        new = ""
        match value.get("type"):
            case "transcript.text.delta":
                self._begin()
                return self._text.add(text_of(value, "delta"))
            case "transcript.text.done" | None if "text" in value:
                self._begin()
                new = "" if self.text else self._text.add(text_of(value, "text"))
                self._use(value.get("usage"))
                self.is_done = True
        return new + (self._text.close() if self.is_done else "")

    @staticmethod
    def _read_usage(raw: dict[str, Any]) -> Usage:
        given, made = count(raw, "input_tokens"), count(raw, "output_tokens")
        total = count(raw, "total_tokens")
        return Usage(given, made, total, whole_input_tokens=given, whole_output_tokens=made, raw=raw)
