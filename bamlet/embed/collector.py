"""What calls did, for their host to look at afterwards or meanwhile: requests, answers, tokens and times.

    collector = bamlet.Collector()
    runtime.call("Extract", text=scan, context=bamlet.CallContext(collector=collector))
    collector.last.usage.input_tokens

Attempts stand in their order, keys are nowhere, and bodies are kept up to a limit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from .._version import __version__
from ..records import dataclass, field, fields
from ..sysops.attempts import Attempt, Record
from ..sysops.clock import fresh_id
from .request import HTTPBody, HTTPRequest, HTTPResponse

LANGUAGE_TAGS = {"baml.language": "python", "baml.runtime": f"bamlet {__version__}"}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them; None is what it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = field(default=None, repr=False)  # BAML shows the three


@dataclass(frozen=True, slots=True)
class Timing:
    """`duration_ms` is None while it goes on."""

    start_time_utc_ms: int
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class StreamTiming(Timing):
    time_to_first_token_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SSEResponse:
    """The data of one event of a stream."""

    text: str

    def json(self) -> Any:
        """None for what is no JSON, such as `[DONE]`."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    def __repr__(self) -> str:
        return f"SSEResponse({len(self.text)} characters)"


class LLMCall:
    """One attempt: one request to a model, and what came of it."""

    __slots__ = ("_attempt", "_id")

    def __init__(self, attempt: Attempt, number: int, log_id: str) -> None:
        self._attempt = attempt
        self._id = f"{log_id}_{number}"

    @property
    def provider(self) -> str:
        return self._attempt.provider

    @property
    def client_name(self) -> str:
        return self._attempt.client_name

    @property
    def selected(self) -> bool:
        """Whether it gave the answer."""
        return self._attempt.selected

    @property
    def usage(self) -> Usage | None:
        found = self._attempt.usage
        if found is None:
            return None
        return Usage(found.input_tokens, found.output_tokens, found.cached_input_tokens, found.reasoning_tokens)

    @property
    def timing(self) -> Timing:
        return Timing(round(self._attempt.started * 1000), _ms(self._attempt.ended))

    @property
    def http_request(self) -> HTTPRequest:
        """As it was sent, but for the keys."""
        sent = self._attempt
        return HTTPRequest(sent.method, sent.url, dict(sent.headers), HTTPBody(sent.body), id=self._id)

    @property
    def http_response(self) -> HTTPResponse | None:
        """None where none came."""
        found = self._attempt
        if found.status is None:
            return None
        return HTTPResponse(found.status, dict(found.answer_headers), HTTPBody(found.answer_body))

    def __repr__(self) -> str:
        told = (f"provider={self.provider}", f"client_name={self.client_name}", f"selected={self.selected}")
        return f"{type(self).__name__}({', '.join(told)}, usage={self.usage!r}, timing={self.timing!r})"


class LLMStreamCall(LLMCall):
    """The same for an answer that was streamed: the body of its response is empty, and its events are kept."""

    __slots__ = ()

    @property
    def timing(self) -> StreamTiming:
        at = self._attempt
        return StreamTiming(round(at.started * 1000), _ms(at.ended), _ms(at.first_text))

    def sse_responses(self) -> list[SSEResponse]:
        return [SSEResponse(text) for text in self._attempt.events]


class FunctionLog:
    """One call of the host, while it runs and afterwards: of an LLM function, or of one that calls several."""

    __slots__ = ("_record", "id", "tags")

    def __init__(self, record: Record, tags: Mapping[str, str]) -> None:
        self._record = record
        self.id = fresh_id("bfcall_")
        self.tags: dict[str, str] = {**tags, **LANGUAGE_TAGS}

    @property
    def function_name(self) -> str:
        return self._record.function_name

    @property
    def log_type(self) -> Literal["call", "stream"]:
        return "stream" if self._record.streams else "call"

    @property
    def metadata(self) -> dict[str, str]:
        return dict(self.tags)

    @property
    def calls(self) -> list[LLMCall]:
        """The attempts, in their order."""
        return [
            (LLMStreamCall if attempt.streams else LLMCall)(attempt, number, self.id)
            for number, attempt in enumerate(self._record.attempts, 1)
        ]

    @property
    def selected_call(self) -> LLMCall | None:
        """The one that gave the answer; of several LLM functions that of the last."""
        return next((call for call in reversed(self.calls) if call.selected), None)

    @property
    def raw_llm_response(self) -> str | None:
        """The text of the model, also of an answer that could not be read."""
        said = [attempt for attempt in self._record.attempts if attempt.text is not None]
        chosen = next((attempt for attempt in reversed(said) if attempt.selected), said[-1] if said else None)
        return chosen.text if chosen is not None else None

    @property
    def usage(self) -> Usage:
        return _sum(call.usage for call in self.calls)

    @property
    def timing(self) -> Timing:
        started, duration = round(self._record.started * 1000), _ms(self._record.ended)
        if not self._record.streams:
            return Timing(started, duration)
        first = next((at for at in self._record.attempts if at.first_text is not None), None)
        if first is None or first.first_text is None:
            return StreamTiming(started, duration)
        return StreamTiming(started, duration, _ms(first.started - self._record.started + first.first_text))

    def __repr__(self) -> str:
        return (
            f"FunctionLog(id={self.id}, function_name={self.function_name}, type={self.log_type}, "
            f"calls={len(self._record.attempts)}, usage={self.usage!r}, timing={self.timing!r})"
        )


def asked_last(log: FunctionLog) -> str | None:
    """The client that was asked last."""
    attempts = log._record.attempts
    return attempts[-1].client_name if attempts else None


def parts(log: FunctionLog) -> list[FunctionLog]:
    """One for each LLM function that the call has called, by itself, in the order in which they were called."""
    record = log._record
    found = []
    for run in sorted({attempt.run for attempt in record.attempts}):
        part = FunctionLog(record.part(run), {})
        part.id, part.tags = f"{log.id}_{run}", log.tags
        found.append(part)
    return found


class Collector:
    """Holds a `FunctionLog` for each call that it was given to, the oldest first.

    One may serve any number of calls, threads and tasks. It grows until it is cleared. Without `bodies` it has
    numbers only: tokens, times, the names of clients.
    """

    def __init__(self, name: str | None = None, *, bodies: bool = True) -> None:
        self.name = name
        self.bodies = bodies
        self._logs: list[FunctionLog] = []

    @property
    def logs(self) -> list[FunctionLog]:
        return list(self._logs)

    @property
    def last(self) -> FunctionLog | None:
        logs = self._logs  # once: another thread may clear it meanwhile
        return logs[-1] if logs else None

    @property
    def usage(self) -> Usage:
        """Of all calls together."""
        return _sum(log.usage for log in self.logs)

    def id(self, function_log_id: str) -> FunctionLog | None:
        return next((log for log in self.logs if log.id == function_log_id), None)

    def clear(self) -> int:
        """Forget all of them; how many there were."""
        forgotten, self._logs = self._logs, []
        return len(forgotten)

    def add(self, log: FunctionLog) -> None:
        """Called when a call begins."""
        self._logs.append(log)

    def __repr__(self) -> str:
        named = f"name={self.name!r}, " if self.name is not None else ""
        return f"Collector({named}logs={len(self._logs)})"


def _sum(usages: Iterable[Usage | None]) -> Usage:
    """A number that nobody said stays None."""
    found = [usage for usage in usages if usage is not None]

    def total(name: str) -> int | None:
        said = [number for usage in found if (number := getattr(usage, name)) is not None]
        return sum(said) if said else None

    return Usage(*(total(each.name) for each in fields(Usage)))


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
