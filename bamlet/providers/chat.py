"""Events of a chat completion stream to what the model has said.

Tolerant of everything that servers of the family do; only choice 0 is read. Fed with the plainest event it
costs little more than the event's JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..wire.sse import Event
from .accumulator import Accumulator, count, list_of, text_of, together
from .completion import FinishReason, Usage
from .envelope import Envelope
from .errors import ErrorBody, read_error


class ChatAccumulator(Accumulator):
    """What one response has said so far. `is_done` is `[DONE]`; `is_complete` also a finish reason."""

    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "stop": "stop",
        "eos": "stop",
        "eos_token": "stop",
        "stop_sequence": "stop",
        "end_turn": "stop",
        "complete": "stop",
        "length": "length",
        "model_length": "length",
        "max_tokens": "length",
        "tool_calls": "tool_calls",
        "tool_use": "tool_calls",
        "function_call": "tool_calls",
        "content_filter": "content_filter",
        "error": "error",
    }
    no_arguments: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self._envelope = Envelope()
        self._has_choice = False
        self._late_calls = 0

    @property
    def late(self) -> int:
        return super().late + self._late_calls

    @staticmethod
    def holds_answer(value: dict[str, Any]) -> bool:
        for choice in list_of(value, "choices"):
            if isinstance(choice, dict) and not choice.get("index"):
                return isinstance(choice.get("message"), dict) or isinstance(choice.get("delta"), dict)
        return False

    def feed(self, event: Event) -> str:
        text = self._envelope.text_of(event.data)
        if text is None or self.is_done or event.event == "error":
            return super().feed(event)
        return self._text.add(text)

    def _feed_object(self, value: Any, event: Event) -> str:
        new = super()._feed_object(value, event)
        if new and not self._envelope.has_learned_enough and _says_text_alone(value, new):
            self._envelope.learn(event.data, value, new)
        return new

    def feed_value(self, value: Any, event_name: str = "message") -> str:
        # The plainest event first: it is most of a stream.
        if type(value) is dict and (choices := value.get("choices")):
            if self.id is None or self.model is None:
                self._begin(value.get("model"), value.get("id"))
            new = self._choices(choices)
            if value.get("usage") or "x_groq" in value:
                self._use_of(value)
            if not value.get("error") and event_name != "error":
                return new
        return super().feed_value(value, event_name)

    def _read(self, value: dict[str, Any], event_name: str) -> str:
        if "choices" in value:
            self._begin(value.get("model"), value.get("id"))
        self._use_of(value)
        return ""

    def _use_of(self, value: dict[str, Any]) -> None:
        groq = value.get("x_groq")
        self._use(value.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None))

    def _marked_as_done(self) -> str:
        self.is_done = True
        self._calls.end_all()
        return self._text.close()

    @property
    def _is_empty(self) -> bool:
        return not self._has_choice

    def _choices(self, choices: Any) -> str:
        if not isinstance(choices, list):
            self._skip(repr(choices))
            return ""
        new = ""
        for choice in choices:
            if not isinstance(choice, dict):
                self._skip(repr(choice))
                continue
            self._has_choice = True
            if not choice.get("index"):
                new += self._choice(choice)
        return new

    def _choice(self, choice: dict[str, Any]) -> str:
        new = ""
        delta = choice.get("delta")
        if delta is None and not self.text:
            # A gateway that sends an answer in one piece; others repeat at the end what they have sent.
            delta = choice.get("message")
            if delta is None and choice.get("text"):
                self._skip(repr(choice))  # of an interface for completions: its text would be lost
        if delta:
            new = self._delta(delta)
        reason = choice.get("finish_reason")
        if reason:
            new += self._finish(reason)
        if choice.get("error"):
            self._fail(read_error(choice) or ErrorBody("the provider reports an error"))
        return new

    def _delta(self, delta: Any) -> str:
        if not isinstance(delta, dict):
            self._skip(repr(delta))
            return ""
        content = delta.get("content")
        if type(content) is str:
            new = self._text.add(content) if content else ""
            if len(delta) == 1:
                return new
        else:
            new = self._parts(content) if content is not None else ""
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if reasoning and type(reasoning) is str:
            self._reasoning.add(reasoning)
        refusal = delta.get("refusal")
        if refusal and type(refusal) is str:
            self._refusal.add(refusal)
        if delta.get("tool_calls"):
            self._call(delta["tool_calls"])
        if delta.get("function_call"):
            self._call([{"index": 0, "function": delta["function_call"]}])
        return new

    def _call(self, fragments: Any) -> None:
        if self.raw_finish_reason is None:
            self._calls.feed(fragments)
        else:
            self._late_calls += 1

    def _parts(self, parts: Any) -> str:
        """Content as a list of typed parts; what is thought is reasoning."""
        if not isinstance(parts, list):
            self._skip(repr(parts))
            return ""
        new = ""
        for part in parts:
            if not isinstance(part, dict):
                self._skip(repr(part))
            elif part.get("type") == "thinking":
                inner = part.get("thinking")
                for thought in inner if isinstance(inner, list) else ({"text": inner},):
                    self._reasoning.add(text_of(thought, "text"))
            else:
                new += self._text.add(text_of(part, "text"))
        return new

    @staticmethod
    def _read_usage(raw: dict[str, Any]) -> Usage:
        prompt, completion = raw.get("prompt_tokens_details"), raw.get("completion_tokens_details")
        given, made = count(raw, "prompt_tokens"), count(raw, "completion_tokens")
        total = count(raw, "total_tokens")
        if prompt is None and completion is None:
            return Usage(given, made, total, None, None, None, given, made, raw)
        thought = count(completion, "reasoning_tokens")
        # xAI alone counts its thoughts apart, and only the total tells.
        apart = thought if thought is not None and together(given, made, thought) == total else None
        return Usage(
            given,
            made,
            total,
            count(prompt, "cached_tokens"),
            count(prompt, "cache_write_tokens"),
            thought,
            given,
            together(made, apart),
            raw,
        )


def _says_text_alone(value: dict[str, Any], text: str) -> bool:
    """Whether an event that was read has said its text and nothing else, or what the next may say again."""
    choices, delta = value["choices"], None
    if len(choices) == 1:
        delta = choices[0].get("delta")
    if not isinstance(delta, dict) or delta.get("content") != text or any(map(delta.get, _BESIDE_TEXT)):
        return False
    return not (choices[0].get("finish_reason") or value.get("usage") or "x_groq" in value)


_BESIDE_TEXT = ("reasoning_content", "reasoning", "refusal", "tool_calls", "function_call")
