"""Recorded and invented streams of every provider, and what a reader of them must get.

`tests/fixtures/provider_streams.jsonl` holds raw bodies with their headers and the expected reading.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bamlet.providers import Accumulator, ProviderError, StreamChunk
from bamlet.providers.registry import ACCUMULATORS
from bamlet.wire.framing import decoder_for
from bamlet.wire.message import ProtocolError
from bamlet.wire.sse import Event

FILE = Path(__file__).parents[1] / "fixtures" / "provider_streams.jsonl"

RESPONSE_TYPES = {
    "openai": "openai",
    "openai-generic": "openai",
    "azure-openai": "openai",
    "openai-responses": "openai-responses",
    "anthropic": "anthropic",
    "google-ai": "google",
    "vertex-ai": "vertex",
    "aws-bedrock": "aws-bedrock",
    "ollama": "ollama",
}
ACCEPTED = {"aws-bedrock": "application/vnd.amazon.eventstream", "ollama": "application/x-ndjson"}


@dataclass(frozen=True)
class Case:
    provider: str
    name: str
    status: int
    headers: dict[str, str]
    body: bytes
    expected: dict[str, Any]
    response_type: str

    @property
    def id(self) -> str:
        return f"{self.provider}-{self.name}"

    def accumulator(self) -> Accumulator:
        return ACCUMULATORS[self.response_type]()

    def events(self) -> list[Event]:
        """The events of the body, as far as its framing is sound."""
        decoder, events = self.decoder(), list[Event]()
        try:
            events += decoder.feed(self.body)
            last = decoder.finish()
        except ProtocolError:
            return events
        return events if last is None else [*events, last]

    def decoder(self) -> Any:
        kind = self.headers.get("content-type", "").partition(";")[0]
        return decoder_for(kind, ACCEPTED.get(self.provider, "text/event-stream"))


def _case(entry: dict[str, Any]) -> Case:
    body = base64.b64decode(entry["body_base64"]) if "body_base64" in entry else entry["body"].encode()
    kind = "anthropic" if entry["dialect"] == "anthropic" else RESPONSE_TYPES[entry["provider"]]
    return Case(entry["provider"], entry["name"], entry["status"], entry["headers"], body, entry["expected"], kind)


CASES = [_case(json.loads(line)) for line in FILE.read_text("utf-8").split("\n") if line]
STREAMS = [case for case in CASES if case.status == 200]
FAILURES = [case for case in CASES if case.status != 200]
WHOLE = [case for case in STREAMS if case.expected["error"] is None]


@dataclass
class Reading:
    """What came of one way to read a stream."""

    accumulator: Accumulator
    new: list[str] = field(default_factory=list)
    chunks: list[StreamChunk] = field(default_factory=list)
    error: dict[str, Any] | None = None


def read(case: Case, cuts: Iterable[int] = ()) -> Reading:
    """Read as a run does: the body in these pieces, until the answer is done."""
    reading = Reading(case.accumulator())
    try:
        for event in _arriving(case, cuts):
            _feed(reading, event)
            if reading.accumulator.is_done:
                break
        _finish(reading)
    except ProviderError as error:
        reading.error = shown_error(error)
    except ProtocolError as error:
        unknown = dict.fromkeys(("type", "code", "status", "retryable"))
        reading.error = {"kind": "protocol_error", "message": str(error), **unknown}
    reading.chunks += reading.accumulator.new_chunks()
    return reading


def read_events(case: Case, events: Iterable[Event]) -> Reading:
    """The same for events that are decoded already."""
    reading = Reading(case.accumulator())
    try:
        for event in events:
            _feed(reading, event)
        _finish(reading)
    except ProviderError as error:
        reading.error = shown_error(error)
    reading.chunks += reading.accumulator.new_chunks()
    return reading


def _arriving(case: Case, cuts: Iterable[int]) -> Iterable[Event]:
    decoder, start = case.decoder(), 0
    for cut in (*cuts, len(case.body)):
        yield from decoder.feed(case.body[start:cut])
        start = cut
    last = decoder.finish()
    if last is not None:
        yield last


def _feed(reading: Reading, event: Event) -> None:
    accumulator, restarts = reading.accumulator, reading.accumulator.restarts
    reading.chunks += accumulator.new_chunks()
    new = accumulator.feed(event)
    if accumulator.restarts != restarts:
        reading.new.clear()
    reading.new.append(new)


def _finish(reading: Reading) -> None:
    shown = len(reading.accumulator.text)
    reading.new.append(reading.accumulator.finish().text[shown:])


def state(reading: Reading) -> dict[str, Any]:
    """In the terms of the expected readings."""
    accumulator = reading.accumulator
    usage = asdict(accumulator.usage) if accumulator.usage else None
    if usage is not None:
        views = ("raw", "whole_input_tokens", "whole_output_tokens")
        usage = {name: count for name, count in usage.items() if name not in views and count is not None}
    names = ("text", "reasoning", "refusal", "finish_reason", "raw_finish_reason", "model", "id")
    return {
        **{name: getattr(accumulator, name) for name in names},
        "usage": usage,
        "tool_calls": [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in accumulator.tool_calls
        ],
        "error": reading.error,
    }


def shown_error(error: ProviderError) -> dict[str, Any]:
    ours = error.kind in ("truncated", "empty_response")
    shown = {"kind": error.kind, "message": None if ours else error.message}
    shown |= {name: getattr(error, name) for name in ("type", "code", "status", "retryable")}
    return shown | ({} if error.retry_after_ms is None else {"retry_after_ms": error.retry_after_ms})
