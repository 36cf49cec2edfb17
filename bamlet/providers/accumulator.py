"""What one answer has said so far, in any dialect: events in, text and the other things that it says out.

A dialect's module reads an event and tells it here. What is common stands here: text in pieces, tool calls,
usage, when an answer is whole, and the same as chunks for those who ask.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, NoReturn, Protocol

from ..wire.sse import Event
from .chunks import ChunkType, StreamChunk
from .completion import Completion, FinishReason, ToolCall, Usage
from .errors import MAX_MESSAGE, ErrorBody, ProviderError, read_error, read_error_text, stream_error
from .pieces import TextPieces
from .tool_calls import ToolCallSlots

_decode = json.JSONDecoder().raw_decode


class Accumulator(ABC):
    """One answer while it arrives: fed with each event once, it says what text is new.

    It can be asked at any time, also after it raised: what came before the failure stands. `is_done`: nothing
    that matters can come any more, so reading may stop. `restarts` counts how often the answer began anew,
    which makes void what it had said. `bad_events` could not be read, and `late` pieces came after the model had
    stopped; both are skipped, but not in silence.
    """

    finish_reasons: ClassVar[Mapping[str, FinishReason]]
    """The provider's words, in lower case, to ours."""
    no_arguments: ClassVar[str] = "{}"
    """What a tool call without arguments has for arguments."""

    def __init__(self) -> None:
        self.model: str | None = None
        self.id: str | None = None
        self.raw_finish_reason: str | None = None
        self.is_done = False
        self.bad_events = 0
        self.restarts = 0
        self._text = TextPieces()
        self._reasoning = TextPieces()
        self._refusal = TextPieces()
        self._calls = ToolCallSlots(self.no_arguments)
        self._usage: dict[str, Any] = {}
        self._usage_read: Usage | None = None
        self._has_begun = False
        self._first_bad = ""
        self._log: list[StreamChunk] | None = None
        self._ending: ChunkType | None = None
        self._error = ""  # its message, if that is the ending

    # --- what it has said

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
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return self._calls.calls()

    @property
    def unread(self) -> tuple[Mapping[str, Any], ...]:
        """What the provider wants back as it is."""
        return ()

    @property
    def characters(self) -> int:
        """How many the model has written, which are paid for also where the answer began anew."""
        return sum(pieces.size for _, pieces in self._spoken()) + self._calls.size

    @property
    def usage(self) -> Usage | None:
        if self._usage_read is None and self._usage:
            self._usage_read = self._read_usage(self._usage)
        return self._usage_read

    @property
    def is_complete(self) -> bool:
        """The model has come to its end; usage may still follow."""
        return self.is_done or self.raw_finish_reason is not None

    @property
    def finish_reason(self) -> FinishReason | None:
        if self.raw_finish_reason is None:
            return None
        reason = self.finish_reasons.get(self.raw_finish_reason.lower(), "other")
        if reason == "stop" and self._calls:
            return "tool_calls"
        return "refusal" if reason == "stop" and self.refusal else reason

    @property
    def late(self) -> int:
        return self._text.late + self._reasoning.late

    def new_chunks(self) -> list[StreamChunk]:
        """What is new since this was last asked. The first answer sums up what came before."""
        if self._log is None:
            self._log = self._so_far()
            self._calls.listener = self._log.append
            for kind, pieces in self._spoken():
                pieces.listener = self._logger(kind)
        new = self._log.copy()
        self._log.clear()
        return new

    @property
    def first_bad(self) -> str:
        """How the first event that could not be read begins."""
        return self._first_bad[:MAX_MESSAGE]

    # --- events in

    def feed(self, event: Event) -> str:
        """The new text. Raises `ProviderError` when the provider reports a failure inside the stream."""
        if self.is_done:
            return ""
        data = event.data
        try:
            value, end = _decode(data)
            if end != len(data) and data[end:].strip():
                raise ValueError("more than one value")
        except (ValueError, RecursionError):
            return self._feed_text(event)
        return self._feed_object(value, event)

    def _feed_object(self, value: Any, event: Event) -> str:
        return self.feed_value(value, event.event)

    def feed_value(self, value: Any, event_name: str = "message") -> str:
        """The same for an event's JSON, already read."""
        if event_name == "error" or _reports_error(value):
            self._fail(read_error(value) or ErrorBody("the provider reports an error"))
        if not isinstance(value, dict):
            self.bad_events += 1
            return ""
        return self._read(value, event_name)

    @staticmethod
    @abstractmethod
    def holds_answer(value: dict[str, Any]) -> bool:
        """Whether a body that came whole, and reports no error, has the place where an answer stands."""

    def end_whole(self) -> None:
        """All has come of an answer that came whole: it needs no finish reason. Raises `ProviderError`."""
        if self._is_empty:
            self._refuse_nothing()
        for pieces in (self._reasoning, self._text, self._refusal):
            pieces.close()
        self._calls.end_all()
        self._end("stop")

    def completion(self) -> Completion:
        """The answer of a body that came whole."""
        self.end_whole()
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
            self.unread,
        )

    def finish(self) -> Completion:
        """Say that no more events will come. Raises `ProviderError` if the answer is cut off or empty."""
        if not (self._is_empty or self.is_complete):
            self._raise(ProviderError("truncated", "the stream ended before the answer did", retryable=True))
        return self.completion()

    # --- what a dialect says

    @property
    def _is_empty(self) -> bool:
        """Nothing of an answer has come."""
        return not self._has_begun

    @abstractmethod
    def _read(self, value: dict[str, Any], event_name: str) -> str:
        """One event's object: the new text."""

    @staticmethod
    @abstractmethod
    def _read_usage(raw: dict[str, Any]) -> Usage: ...

    # --- what a dialect's module uses

    def _begin(self, model: Any = None, answer_id: Any = None) -> None:
        """The answer has begun. The first word on model and id counts."""
        if self.model is None and isinstance(model, str):
            self.model = model or None
        if self.id is None and isinstance(answer_id, str):
            self.id = answer_id or None
        if not self._has_begun:
            self._has_begun = True
            self._say("start", id=self.id, name=self.model)

    def _restart(self) -> None:
        """The answer begins anew: all that was said is void."""
        self.restarts += 1
        self.model = self.id = self.raw_finish_reason = None
        for _, pieces in self._spoken():
            pieces.clear()
        self._calls.clear()
        self._usage, self._usage_read = {}, None
        self._has_begun = False

    def _finish(self, reason: Any) -> str:
        """The reason why the model stopped: the first counts, except that an error may follow it."""
        if isinstance(reason, str) and reason and (self.raw_finish_reason is None or reason == "error"):
            self.raw_finish_reason = reason
            self._calls.end_all()
            self._reasoning.end()
            return self._text.end()
        return ""

    def _use(self, usage: Any) -> None:
        """Later numbers replace earlier ones; what is absent or null replaces nothing."""
        if isinstance(usage, dict):
            self._usage |= {name: value for name, value in usage.items() if value is not None}
            self._usage_read = None

    def _skip(self, data: str) -> None:
        self.bad_events += 1
        self._first_bad = self._first_bad or data

    def _fail(self, error: ErrorBody) -> NoReturn:
        self._raise(stream_error(error))

    def _raise(self, error: ProviderError) -> NoReturn:
        self._end("error", error.message)
        raise error

    def _marked_as_done(self) -> str:
        """`[DONE]`, which gateways add to dialects that do not have it: it says nothing there."""
        return ""

    # --- inner parts

    def _feed_text(self, event: Event) -> str:
        data = event.data.strip()
        if data == "[DONE]":
            return self._marked_as_done()
        if event.event == "error" and data and not data.startswith(("{", "[")):
            self._fail(ErrorBody(data))
        # A value with blank space before it is well formed all the same.
        if data and len(data) != len(event.data):
            return self.feed(Event(event.event, data))
        self._skip(event.data)
        return ""

    def _refuse_nothing(self) -> NoReturn:
        if self._first_bad:
            message = f"the answer is not what the provider promises: {self.first_bad}"
            self._raise(ProviderError("protocol_error", message, retryable=True))
        self._raise(ProviderError("empty_response", "the provider answered with nothing", retryable=True))

    def _say(self, kind: ChunkType, text: str = "", *, id: str | None = None, name: str | None = None) -> None:
        if self._log is not None:
            self._log.append(StreamChunk(kind, text, None, id, name))

    def _end(self, kind: ChunkType, error: str = "") -> None:
        if self._ending is None:
            self._ending, self._error = kind, error
            if self._log is not None:
                self._log += self._last()

    def _last(self) -> list[StreamChunk]:
        match self._ending:
            case None:
                return []
            case "stop":
                return [StreamChunk("stop", self.finish_reason or "", None, self.id, self.model)]
            case kind:
                return [StreamChunk(kind, self._error)]

    def _logger(self, kind: ChunkType) -> Callable[[str], None]:
        return partial(self._say, kind)

    def _spoken(self) -> tuple[tuple[ChunkType, TextPieces], ...]:
        return (("reasoning", self._reasoning), ("content", self._text), ("refusal", self._refusal))

    def _so_far(self) -> list[StreamChunk]:
        ending = self._last()
        if not self._has_begun:
            return ending
        spoken = [StreamChunk(kind, pieces.text) for kind, pieces in self._spoken() if pieces.text]
        return [StreamChunk("start", "", None, self.id, self.model), *spoken, *self._calls.so_far(), *ending]


class Reads(Protocol):
    """What a body is read with."""

    def feed_value(self, value: Any) -> str: ...

    def holds_answer(self, value: dict[str, Any]) -> bool: ...

    def completion(self) -> Completion: ...


def read_body(accumulator: Reads, body: bytes | str) -> Completion:
    """An answer that was not streamed. Raises `ProviderError` for an error, for no answer and for no JSON."""
    take_body(accumulator, body)
    return accumulator.completion()


def take_body(accumulator: Reads, body: bytes | str) -> None:
    """The first half of it: what the answer says is not put together."""
    try:
        value = _loads(body)
    except (ValueError, RecursionError) as error:
        head = read_error_text(body if isinstance(body, str) else body.decode("utf-8", "replace")).message
        raise ProviderError("protocol_error", f"the answer is not JSON: {head}", retryable=True) from error
    accumulator.feed_value(value)
    objects = [value] if isinstance(value, dict) else objects_in(value)
    if not any(map(accumulator.holds_answer, objects)):
        head = json.dumps(value, ensure_ascii=False)[:MAX_MESSAGE]
        raise ProviderError("empty_response", f"the body holds no answer: {head}", retryable=True)


def _loads(body: bytes | str) -> Any:
    """`json.loads`; the plainest body, an object with nothing around it, in half the time."""
    if isinstance(body, str) and body.startswith("{"):
        value, end = _decode(body)
        if end == len(body):
            return value
    return json.loads(body)


def count(numbers: Any, name: str) -> int | None:
    """A number of tokens, if one is given under the name."""
    number = numbers.get(name) if isinstance(numbers, dict) else None
    return number if type(number) is int else None  # and no bool


def together(first: int | None, *more: int | None) -> int | None:
    """A sum, in which what was not said counts for nothing; None without the first."""
    return None if first is None else first + sum(filter(None, more))


def list_of(value: Any, name: str) -> list[Any]:
    """The list that an object has under the name; an empty one if it has none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def text_of(value: Any, name: str) -> str:
    """The text that an object has under the name; nothing if it has none."""
    text = value.get(name) if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; what is no list holds none, and what is no object says nothing."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _reports_error(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and _reports_error(value[0])
    if not isinstance(value, dict):
        return False
    return bool(value.get("error")) or value.get("object") == "error"
