"""Events of OpenAI's Responses API to what the model has said.

Items are told apart by their place in the output: some gateways give an item a new id in each event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from ..wire.sse import Event
from .accumulator import Accumulator, count, objects_in, text_of
from .completion import FinishReason, Usage
from .errors import ErrorBody, read_error

_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
_STATUSES = ("completed", "incomplete", "failed", "cancelled")


class ResponsesAccumulator(Accumulator):
    """What one response has said so far. It is done at its terminal event; there is nothing to wait for then."""

    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "completed": "stop",
        "max_output_tokens": "length",
        "content_filter": "content_filter",
        "failed": "error",
        "cancelled": "error",
    }
    no_arguments: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        # The places of the messages whose text has come in pieces; None where a gateway does not say.
        self._streamed: set[int | None] = set()
        self._sealed: dict[str, Mapping[str, Any]] = {}

    @property
    def unread(self) -> tuple[Mapping[str, Any], ...]:
        """Reasoning that is sealed: only its provider can read it."""
        return tuple(self._sealed.values())

    @staticmethod
    def holds_answer(value: dict[str, Any]) -> bool:
        return isinstance(value.get("output"), list) and value.get("status", "completed") in (
            "completed",
            "incomplete",
        )

    def _read(self, value: dict[str, Any], event_name: str) -> str:
        if value.get("object") == "response":
            return self._end_response(value)  # a body that came whole
        kind = value.get("type")
        kind = kind if isinstance(kind, str) else event_name
        if kind == "error":
            self._fail(read_error(value) or ErrorBody("the provider reports an error"))
        if not kind.startswith("response."):
            return ""
        response = value.get("response")
        if isinstance(response, dict):
            self._begin(response.get("model"), response.get("id"))
        else:
            self._begin()
        if kind.removeprefix("response.") in _STATUSES:
            return self._end_response({"status": kind.removeprefix("response."), **_some(response)})
        read = _EVENTS.get(kind)
        return read(self, value) if read else ""

    def _feed_text(self, event: Event) -> str:
        """An end whose JSON is broken is an end all the same."""
        if event.event.removeprefix("response.") in _STATUSES:
            return self.feed_value({"type": event.event}, event.event)
        return super()._feed_text(event)

    @staticmethod
    def _read_usage(raw: dict[str, Any]) -> Usage:
        given, made = raw.get("input_tokens_details"), raw.get("output_tokens_details")
        counted = count(raw, "input_tokens"), count(raw, "output_tokens")
        return Usage(
            *counted,
            count(raw, "total_tokens"),
            count(given, "cached_tokens"),
            count(given, "cache_write_tokens"),
            count(made, "reasoning_tokens"),
            *counted,
            raw,
        )

    # --- single events

    def _text_delta(self, value: dict[str, Any]) -> str:
        self._streamed.add(count(value, "output_index"))
        return self._text.add(text_of(value, "delta"))

    def _reasoning_delta(self, value: dict[str, Any]) -> str:
        self._reasoning.add(text_of(value, "delta"))
        return ""

    def _summary_part(self, value: dict[str, Any]) -> str:
        if count(value, "summary_index"):
            self._reasoning.add("\n\n")
        return ""

    def _refusal_delta(self, value: dict[str, Any]) -> str:
        self._streamed.add(count(value, "output_index"))
        self._refusal.add(text_of(value, "delta"))
        return ""

    def _item_added(self, value: dict[str, Any]) -> str:
        item, index = value.get("item"), count(value, "output_index")
        is_call = text_of(item, "type") in _CALLS
        if is_call and index is not None and index not in self._calls:
            self._calls.start(index, text_of(item, "call_id"), text_of(item, "name"))
        return ""

    def _call_delta(self, value: dict[str, Any]) -> str:
        self._calls.add(count(value, "output_index") or 0, text_of(value, "delta"))
        return ""

    def _call_done(self, value: dict[str, Any]) -> str:
        arguments = value.get("arguments", value.get("input"))
        self._calls.end(count(value, "output_index") or 0, arguments if isinstance(arguments, str) else None)
        return ""

    def _item_done(self, value: dict[str, Any]) -> str:
        self._item_added(value)
        item, index = value.get("item"), count(value, "output_index")
        self._keep_sealed(item)
        if isinstance(item, dict) and item.get("type") == "message" and not self._streamed & {index, None}:
            self._streamed.add(index)
            return self._message(item.get("content"))
        if index is not None and isinstance(item, dict) and (field := _CALLS.get(text_of(item, "type"))):
            self._calls.end(index, text_of(item, field) or None)
        return ""

    def _keep_sealed(self, item: Any) -> None:
        if text_of(item, "type") == "reasoning" and text_of(item, "encrypted_content"):
            kept = {name: item[name] for name in _SEALED if name in item}
            self._sealed.setdefault(text_of(item, "id"), kept)

    # --- the end

    def _end_response(self, response: dict[str, Any]) -> str:
        """The terminal event holds the whole response; what was not streamed is taken from it."""
        self._begin(response.get("model"), response.get("id"))
        self._use(response.get("usage"))
        new = self._rest(response.get("output"))
        status = text_of(response, "status")
        reason = text_of(response.get("incomplete_details"), "reason") if status == "incomplete" else ""
        new += self._finish(reason or status)
        if status == "failed":
            failure = read_error(response.get("error"))
            self._fail(failure or ErrorBody("the response failed, and the provider does not say why"))
        self.is_done = True
        return new

    def _rest(self, output: Any) -> str:
        new = ""
        streamed_text = bool(self.text or self.refusal)
        streamed_reasoning = bool(self.reasoning)
        for index, item in enumerate(_list(output)):
            if not isinstance(item, dict):
                continue
            kind = text_of(item, "type")
            self._keep_sealed(item)
            if kind == "message" and not streamed_text:
                new += self._message(item.get("content"))
            elif kind == "reasoning" and not streamed_reasoning:
                for part in objects_in(item.get("summary")):
                    self._reasoning.add(("\n\n" if self.reasoning else "") + text_of(part, "text"))
            elif kind in _CALLS:
                self._item_done({"output_index": index, "item": item})
        return new

    def _message(self, content: Any) -> str:
        new = ""
        for part in objects_in(content):
            new += self._text.add(text_of(part, "text"))
            self._refusal.add(text_of(part, "refusal"))
        return new


_SEALED = ("type", "id", "summary", "encrypted_content")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _some(response: Any) -> dict[str, Any]:
    """What a response says of itself; a status of null says nothing."""
    if not isinstance(response, dict):
        return {}
    return {name: value for name, value in response.items() if value is not None}


_Read: TypeAlias = Callable[[ResponsesAccumulator, dict[str, Any]], str]
_EVENTS: Mapping[str, _Read] = {
    "response.output_text.delta": ResponsesAccumulator._text_delta,
    "response.reasoning_summary_text.delta": ResponsesAccumulator._reasoning_delta,
    "response.reasoning_text.delta": ResponsesAccumulator._reasoning_delta,
    "response.reasoning_summary_part.added": ResponsesAccumulator._summary_part,
    "response.refusal.delta": ResponsesAccumulator._refusal_delta,
    "response.output_item.added": ResponsesAccumulator._item_added,
    "response.output_item.done": ResponsesAccumulator._item_done,
    "response.function_call_arguments.delta": ResponsesAccumulator._call_delta,
    "response.custom_tool_call_input.delta": ResponsesAccumulator._call_delta,
    "response.function_call_arguments.done": ResponsesAccumulator._call_done,
    "response.custom_tool_call_input.done": ResponsesAccumulator._call_done,
}
