"""Frames of Bedrock's ConverseStream to what the model has said. The name of an event is the type of its frame."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from ..wire.eventstream import ERROR, EXCEPTION
from .accumulator import Accumulator, count, text_of, together
from .completion import FinishReason, Usage
from .errors import ProviderError, status_is_retryable

_STATUS_OF_EXCEPTION = {
    "throttlingException": 429,
    "modelStreamErrorException": 424,
    "modelErrorException": 424,
    "modelTimeoutException": 408,
    "validationException": 400,
    "accessDeniedException": 403,
    "resourceNotFoundException": 404,
    "internalServerException": 500,
    "serviceUnavailableException": 503,
}


class BedrockAccumulator(Accumulator):
    """What one message has said so far. It is done when it has stopped and its usage is known."""

    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "guardrail_intervened": "content_filter",
        "content_filtered": "content_filter",
        "malformed_model_output": "error",
        "malformed_tool_use": "error",
    }

    def __init__(self) -> None:
        super().__init__()
        self._has_metadata = False

    @staticmethod
    def holds_answer(value: dict[str, Any]) -> bool:
        output = value.get("output")
        message = output.get("message") if isinstance(output, dict) else None
        return isinstance(message, dict) and isinstance(message.get("content"), list)

    def _read(self, value: dict[str, Any], event_name: str) -> str:
        if event_name.startswith((EXCEPTION, ERROR)):
            self._refuse(event_name.partition(":")[2], value)
        match event_name:
            case "messageStart":
                self._begin()
            case "contentBlockStart":
                self._begin()
                self._block_start(count(value, "contentBlockIndex") or 0, value.get("start"))
            case "contentBlockDelta":
                self._begin()
                return self._block_delta(count(value, "contentBlockIndex") or 0, value.get("delta"))
            case "contentBlockStop":
                self._calls.end(count(value, "contentBlockIndex") or 0)
            case "messageStop":
                self._begin()
                new = self._finish(value.get("stopReason"))
                self.is_done = self.is_complete and self._has_metadata
                return new
            case "metadata":
                self._begin()
                self._use(value.get("usage"))
                self._has_metadata = True
                self.is_done = self.is_complete
            case "message" if "output" in value:
                return self._whole(value)
        return ""

    def _block_start(self, index: int, start: Any) -> None:
        call = start.get("toolUse") if isinstance(start, dict) else None
        # A call of another type is the provider's own business.
        if isinstance(call, dict) and call.get("type", "tool_use") == "tool_use":
            self._calls.start(index, text_of(call, "toolUseId"), text_of(call, "name"))

    def _block_delta(self, index: int, delta: Any) -> str:
        if not isinstance(delta, dict):
            return ""
        if text := text_of(delta, "text"):
            return self._text.add(text)
        self._reasoning.add(text_of(delta.get("reasoningContent"), "text"))
        self._calls.add(index, text_of(delta.get("toolUse"), "input"))
        return ""

    def _whole(self, value: dict[str, Any]) -> str:
        """The body of a `Converse` call."""
        self._begin()
        self._use(value.get("usage"))
        new = ""
        match value["output"]:
            case {"message": {"content": [*blocks]}}:
                for index, block in enumerate(blocks):
                    if not isinstance(block, dict):
                        continue
                    new += self._text.add(text_of(block, "text"))
                    match block:
                        case {"reasoningContent": {"reasoningText": thought}}:
                            self._reasoning.add(text_of(thought, "text"))
                        case {"toolUse": {"input": given}}:
                            self._block_start(index, block)
                            self._calls.add(index, json.dumps(given, ensure_ascii=False, separators=(",", ":")))
        return new + self._finish(value.get("stopReason"))

    def _refuse(self, kind: str, value: dict[str, Any]) -> NoReturn:
        status = _STATUS_OF_EXCEPTION.get(kind)
        message = text_of(value, "message") or text_of(value, "Message") or kind
        retryable = None if status is None else status_is_retryable(status)
        self._raise(ProviderError("provider_error", message, type=kind, status=status, retryable=retryable))

    @staticmethod
    def _read_usage(raw: dict[str, Any]) -> Usage:
        given, made, total = (count(raw, f"{name}Tokens") for name in ("input", "output", "total"))
        cached, written = count(raw, "cacheReadInputTokens"), count(raw, "cacheWriteInputTokens")
        return Usage(given, made, total, cached, written, None, together(given, cached, written), made, raw)
