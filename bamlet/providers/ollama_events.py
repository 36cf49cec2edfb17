"""Lines of Ollama's own API to what the model has said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .accumulator import Accumulator, count, objects_in, text_of
from .completion import FinishReason, Usage


class OllamaAccumulator(Accumulator):
    """What one answer has said so far. It is done at the line that says so."""

    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {"stop": "stop", "length": "length"}

    @staticmethod
    def holds_answer(value: dict[str, Any]) -> bool:
        has_text = isinstance(value.get("message"), dict) or isinstance(value.get("response"), str)
        return has_text and value.get("done") is True

    def _read(self, value: dict[str, Any], event_name: str) -> str:
        message = value.get("message")
        if not isinstance(message, dict):
            if "response" not in value and "done" not in value:
                return ""
            message = {"content": value.get("response"), "thinking": value.get("thinking")}
        self._begin(value.get("model"))
        self._reasoning.add(text_of(message, "thinking"))
        new = self._text.add(text_of(message, "content"))
        calls = message.get("tool_calls")
        for call in objects_in(calls):
            if isinstance(function := call.get("function"), dict):
                arguments = function.get("arguments")
                self._calls.whole(
                    text_of(call, "id"), text_of(function, "name"), {} if arguments is None else arguments
                )
        if value.get("done") is True:
            self._use({name: value.get(name) for name in ("prompt_eval_count", "eval_count")})
            new += self._finish(value.get("done_reason"))
            self.is_done = True
        return new

    @staticmethod
    def _read_usage(raw: dict[str, Any]) -> Usage:
        given, made = count(raw, "prompt_eval_count"), count(raw, "eval_count")
        return Usage(given, made, whole_input_tokens=given, whole_output_tokens=made, raw=raw)
