"""What every provider's reader promises, on every stream that we have of it.

How the bytes were cut changes nothing; deltas add up; an answer that is cut off is never taken for whole; what
is not known is passed over; chunks keep their order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from bamlet.providers import ProviderError, StreamChunk, http_error
from bamlet.wire.sse import Event
from tests.support.provider_streams import (
    CASES,
    FAILURES,
    RESPONSE_TYPES,
    STREAMS,
    WHOLE,
    Case,
    Reading,
    read,
    read_events,
    shown_error,
    state,
)

SPLITS = 50


def ids(cases: list[Case]) -> list[str]:
    return [case.id for case in cases]


def expected(case: Case) -> dict[str, Any]:
    return {name: value for name, value in case.expected.items() if name != "done"}


def test_there_are_streams_of_every_provider() -> None:
    assert {case.provider for case in STREAMS} == set(RESPONSE_TYPES)
    assert len(CASES) > 140


@pytest.mark.parametrize("case", STREAMS, ids=ids(STREAMS))
def test_a_stream_is_read_so_however_its_bytes_are_cut(case: Case) -> None:
    for cuts in cuttings(case):
        reading = read(case, cuts)
        assert state(reading) == expected(case), cuts
        assert "".join(reading.new) == reading.accumulator.text


def cuttings(case: Case) -> Iterator[list[int]]:
    """Whole, byte by byte, and at random places."""
    rng, size = random.Random(case.id), len(case.body)
    yield []
    yield list(range(1, size))
    for _ in range(SPLITS):
        yield sorted(rng.sample(range(1, size), min(size - 1, rng.randint(1, 8))))


@pytest.mark.parametrize("case", FAILURES, ids=ids(FAILURES))
def test_a_status_of_400_or_more_is_read_so(case: Case) -> None:
    error = http_error(case.status, case.headers.items(), case.body)
    assert shown_error(error) == case.expected["error"]


@pytest.mark.parametrize("case", WHOLE, ids=ids(WHOLE))
def test_an_answer_cut_off_behind_any_event_is_a_failure(case: Case) -> None:
    """Unless the model had come to its end, and only its usage is missing."""
    events = case.events()
    for cut in range(len(events)):
        reading = read_events(case, events[:cut])
        if reading.error is None:
            assert reading.accumulator.is_complete
            assert reading.accumulator.raw_finish_reason == case.expected["raw_finish_reason"]
            assert reading.accumulator.text == case.expected["text"]
        else:
            assert reading.error["kind"] in ("truncated", "empty_response")
            assert reading.error["retryable"] is True


@pytest.mark.parametrize("case", STREAMS, ids=ids(STREAMS))
def test_bytes_missing_at_the_end_are_no_crash(case: Case) -> None:
    whole = read(case)
    for cut in range(0, len(case.body), 23):
        short = read(Case(**{**vars(case), "body": case.body[:cut]}))
        if not (whole.accumulator.restarts or whole.accumulator.bad_events):
            assert whole.accumulator.text.startswith(short.accumulator.text)


UNKNOWN = [
    Event("new_event", '{"type":"new_event","x":1}'),
    Event("message", '{"object":"new.thing","x":[{"y":null}]}'),
    Event("newEvent", '{"p":"abc"}'),
]


@pytest.mark.parametrize("case", STREAMS, ids=ids(STREAMS))
def test_an_unknown_event_anywhere_changes_nothing(case: Case) -> None:
    events = case.events()
    plain = read_events(case, events)
    for place in range(len(events) + 1):
        unknown = UNKNOWN[place % len(UNKNOWN)]
        mixed = read_events(case, [*events[:place], unknown, *events[place:]])
        assert state(mixed) == state(plain), place
        assert mixed.chunks == plain.chunks


@pytest.mark.parametrize("case", WHOLE, ids=ids(WHOLE))
def test_an_event_that_cannot_be_read_is_counted_and_passed_over(case: Case) -> None:
    events = case.events()
    plain = read_events(case, events)
    mixed = read_events(case, [Event("message", "{oops"), *events])
    assert mixed.accumulator.bad_events == plain.accumulator.bad_events + 1
    assert state(mixed) == state(plain)


# --- chunks


@pytest.mark.parametrize("case", STREAMS, ids=ids(STREAMS))
def test_chunks_keep_their_order_and_add_up(case: Case) -> None:
    reading = read(case, range(7, len(case.body), 7))
    chunks = since_the_last_start(reading.chunks)
    if reading.error and reading.error["kind"] in ("empty_response", "provider_error") and len(chunks) == 1:
        assert chunks[0].type == "error"  # nothing of an answer came before it
        return
    assert [chunk.type for chunk in chunks].count("start") == 1
    ending = "stop" if reading.error is None else "error"
    if not (reading.error and reading.error["kind"] == "protocol_error"):
        assert [place for place, chunk in enumerate(chunks) if chunk.type in ("stop", "error")] == [
            len(chunks) - 1
        ]
        assert chunks[-1].type == ending
    for kind, text in (("content", "text"), ("reasoning", "reasoning"), ("refusal", "refusal")):
        said = "".join(chunk.text for chunk in chunks if chunk.type == kind)
        assert said == (getattr(reading.accumulator, text) or "")
    check_calls(reading, chunks)


def since_the_last_start(chunks: list[StreamChunk]) -> list[StreamChunk]:
    starts = [place for place, chunk in enumerate(chunks) if chunk.type == "start"]
    return chunks[starts[-1] if starts else 0 :]


def check_calls(reading: Reading, chunks: list[StreamChunk]) -> None:
    """Of each call: its start, its fragments, its end; a call that was cut off has no end."""
    slots = sorted({chunk.slot for chunk in chunks if chunk.slot is not None})
    assert slots == list(range(len(slots)))
    ended = []
    for slot in slots:
        start, *rest = [chunk for chunk in chunks if chunk.slot == slot]
        assert start.type == "tool_call_start"
        assert start.name
        fragments = [chunk.text for chunk in rest if chunk.type == "tool_call_chunk"]
        ends = [chunk for chunk in rest if chunk.type == "tool_call_end"]
        assert all(fragments)
        assert rest[len(fragments) :] == ends
        if reading.error is None:
            assert len(ends) == 1
        if ends:
            ended.append((ends[0].id, ends[0].name, ends[0].text))
            assert "".join(fragments) == ends[0].text or not fragments
    if reading.error is None:
        calls = [(call.id, call.name, call.arguments) for call in reading.accumulator.tool_calls]
        assert sorted(ended) == sorted(calls)


@pytest.mark.parametrize("case", STREAMS, ids=ids(STREAMS))
def test_who_asks_late_gets_what_came_before_summed_up(case: Case) -> None:
    events = case.events()
    early = since_the_last_start(read_events(case, events).chunks)
    accumulator = case.accumulator()
    with suppress(ProviderError):
        for event in events:
            accumulator.feed(event)
        accumulator.finish()
    late = accumulator.new_chunks()
    assert late[-1:] == early[-1:]
    assert joined(late) == joined(early)
    assert accumulator.new_chunks() == []


def joined(chunks: list[StreamChunk]) -> dict[tuple[str, int | None], str]:
    texts: dict[tuple[str, int | None], str] = {}
    for chunk in chunks:
        key = (chunk.type, chunk.slot)
        texts[key] = texts.get(key, "") + chunk.text
    return texts


WHOLE_COUNTS = {
    "anthropic-cache_usage": (2103, 8),
    "google-ai-thinking_and_signature": (9, 54),
    "google-ai-prompt_blocked": (6, 0),
    "openai-responses-text_basic": (15, 11),
    "openai-text_basic": (21, 9),
    "aws-bedrock-text_split_frames": (10, 5),
    "ollama-chat_thinking": (11, 4),
}


@pytest.mark.parametrize("name", WHOLE_COUNTS)
def test_whole_counts_hold_what_some_count_apart(name: str) -> None:
    usage = read(next(case for case in WHOLE if case.id == name)).accumulator.usage
    assert usage is not None
    assert (usage.whole_input_tokens, usage.whole_output_tokens) == WHOLE_COUNTS[name]


def test_thoughts_that_are_counted_apart_are_added() -> None:
    case = next(case for case in WHOLE if case.name == "xai_output_excludes_reasoning")
    usage = read(case).accumulator.usage
    assert usage is not None
    assert usage.whole_output_tokens == (usage.output_tokens or 0) + (usage.reasoning_tokens or 0)
    assert usage.reasoning_tokens


# --- what no provider should send


@pytest.mark.parametrize("case", STREAMS, ids=ids(STREAMS))
def test_a_value_of_another_kind_anywhere_is_no_crash(case: Case) -> None:
    rng = random.Random(case.id)
    events = case.events()
    for _ in range(30):
        place = rng.randrange(len(events)) if events else 0
        spoilt = [spoil(event, rng) if at == place else event for at, event in enumerate(events)]
        reading = read_events(case, spoilt)  # a `ProviderError` is fine, anything else is not
        assert isinstance(state(reading)["text"], str)


ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    {},
    [None],
    [[]],
    {"x": None},
    ["x"],
    [{}],
    {"type": "text", "text": 7},
)


def spoil(event: Event, rng: random.Random) -> Event:
    """The event with one value in it replaced by another."""
    try:
        value = json.loads(event.data)
    except ValueError:
        return event
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key, inner in list(node.items() if isinstance(node, dict) else enumerate(node)):
            places.append((node, key))
            if isinstance(inner, dict | list):
                walk(inner)

    if isinstance(value, dict | list):
        walk(value)
    if places:
        node, key = rng.choice(places)
        node[key] = rng.choice(ODD)
    return Event(event.event, json.dumps(value))
