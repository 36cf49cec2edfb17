"""The event decoder. The language sees events only, never how the bytes were cut."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bamlet.wire.message import ProtocolError
from bamlet.wire.sse import Event, EventDecoder, EventLimits, EventTooLarge

CASES_FILE = Path(__file__).parent.parent / "fixtures" / "sse_cases.jsonl"
CASES = [json.loads(line) for line in CASES_FILE.read_text("ascii").split("\n") if line]

# What the rules tell apart, and little else, so that random streams are rarely dull.
ALPHABET = [
    *(
        "data: a",
        "data:b",
        "data",
        "data:",
        "data: ",
        "event: x",
        "event:",
        "id: 1",
        "id",
        "id: \0",
        "retry: 5",
    ),
    *(
        ": comment",
        ":",
        "other: z",
        "\n",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "\ufeff",
        "\u2028",
        "é",
        "😀",
        " ",
        "\0",
    ),
]
streams = st.lists(st.sampled_from(ALPHABET), max_size=30).map("".join)
raw_streams = st.one_of(streams.map(str.encode), st.binary(max_size=200))


def case_bytes(case: dict[str, Any]) -> bytes:
    if "input_latin1" in case:
        return bytes(case["input_latin1"], "latin-1")
    return bytes(case["input"], "utf-8")


def case_events(case: dict[str, Any]) -> list[Event]:
    return [Event(**event) for event in case["events"]]


def decode(*chunks: bytes) -> list[Event]:
    return decode_with(EventDecoder(), chunks)


def decode_with(decoder: EventDecoder, chunks: Iterable[bytes]) -> list[Event]:
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def cuttings(body: bytes) -> Iterator[list[bytes]]:
    """Whole, in two at each position, byte by byte, and with empty chunks between the bytes."""
    yield [body]
    for position in range(len(body) + 1):
        yield [body[:position], body[position:]]
    single = [body[i : i + 1] for i in range(len(body))]
    yield single
    yield [piece for byte in single for piece in (b"", byte, b"")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case_gives_its_events_for_every_cutting(case: dict[str, Any]) -> None:
    """H16 of the hostile inputs: WHATWG's events, whatever the line ends and the cut."""
    for chunks in cuttings(case_bytes(case)):
        decoder = EventDecoder()
        assert decode_with(decoder, chunks) == case_events(case), chunks
        assert decoder.retry == case.get("retry"), chunks


@given(raw_streams, st.lists(st.integers(0, 200), max_size=8))
def test_events_do_not_depend_on_the_cutting(body: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    chunks = [body[start:end] for start, end in itertools.pairwise(edges)]
    whole, cut = EventDecoder(), EventDecoder()
    assert decode_with(cut, chunks) == decode_with(whole, [body])
    assert (cut.retry, cut.repaired) == (whole.retry, whole.repaired)
    assert cut.finish() == whole.finish()


@given(streams.filter(lambda text: "\r" not in text), st.sampled_from(["\r\n", "\r"]))
def test_events_do_not_depend_on_the_line_end(text: str, line_end: str) -> None:
    assert decode(text.replace("\n", line_end).encode()) == decode(text.encode())


@given(streams, st.data())
def test_a_comment_line_changes_nothing(text: str, data: st.DataObject) -> None:
    # A line starts after its end; the LF of a CR LF belongs to that end. A BOM comes before any line.
    starts = [match.end() for match in re.finditer(r"\r\n|\r|\n", text)]
    if not text.startswith("\ufeff"):
        starts.append(0)
    if not starts:
        return
    at = data.draw(st.sampled_from(starts))
    assert decode((text[:at] + ": ping\n" + text[at:]).encode()) == decode(text.encode())


@given(streams, streams)
def test_streams_that_end_with_an_empty_line_can_be_joined(first: str, second: str) -> None:
    first = first.replace("id", "") + "\n\n"
    second = second.replace("\ufeff", "")
    assert decode((first + second).encode()) == decode(first.encode()) + decode(second.encode())


def test_a_stream_pausing_after_cr_has_its_event_at_once() -> None:
    decoder = EventDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [Event(data="a")]
    assert decoder.feed(b"\ndata: b\n\n") == [Event(data="b")]


@pytest.mark.parametrize(
    ("body", "cut_off"),
    [
        (b"data: a\n\n", None),
        (b"data: a\n\ndata: [DONE]", Event(data="[DONE]")),
        (b"data: [DONE]\n", Event(data="[DONE]")),
        (b"event: x\nid: 7\ndata: a\ndata: b", Event(event="x", data="a\nb", id="7")),
        (b"event: x\n", None),
        (b"data: a\n\ndat", None),
        (b"data: \xe2\x82", Event(data="\ufffd")),
        (b"", None),
    ],
)
def test_finish_offers_the_event_that_the_end_cut_off(body: bytes, cut_off: Event | None) -> None:
    for chunks in cuttings(body):
        decoder = EventDecoder()
        decode_with(decoder, chunks)
        assert decoder.finish() == cut_off


@pytest.mark.parametrize(
    ("body", "repaired"),
    [(b"data: \xef\xbf\xbd\n\n", False), (b"data: \xff\n\n", True), (b"data: \xe2\x82\xac\n\n", False)],
)
def test_only_bad_bytes_count_as_repaired(body: bytes, repaired: bool) -> None:
    for chunks in cuttings(body):
        decoder = EventDecoder()
        decode_with(decoder, chunks)
        assert decoder.repaired is repaired


@pytest.mark.parametrize("digits", [18, 19, 10_000])
def test_an_absurd_retry_is_ignored(digits: int) -> None:
    decoder = EventDecoder()
    decoder.feed(b"retry: " + b"1" * digits + b"\n")
    assert decoder.retry == (int("1" * 18) if digits == 18 else None)


LIMITS = EventLimits(line=20, event=30, data_lines=4)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"data: " + b"a" * 15, "a line is longer than the limit of 20 characters"),
        (b"data: " + b"a" * 15 + b"\n", "a line is longer than the limit of 20 characters"),
        (b": comment without an end", "a line is longer than the limit of 20 characters"),
        (b"data: 0123456789\n" * 3, "an event is longer than the limit of 30 characters"),
        (b"data\n" * 5, "an event has more than the limit of 4 data lines"),
    ],
)
def test_each_limit_names_itself(body: bytes, message: str) -> None:
    for chunks in cuttings(body):
        with pytest.raises(EventTooLarge, match=message):
            decode_with(EventDecoder(LIMITS), chunks)


@pytest.mark.parametrize(
    "body", [b"data: " + b"a" * 14, b"data: 0123456789\n" * 2 + b"data: 0123456\n\n", b"data\n" * 4]
)
def test_what_just_fits_is_no_error(body: bytes) -> None:
    for chunks in cuttings(body):
        decode_with(EventDecoder(LIMITS), chunks)


def test_limits_are_an_event_long_not_a_stream_long() -> None:
    events = decode_with(EventDecoder(LIMITS), [b": ping\ndata: 0123456789\n\n"] * 1000)
    assert len(events) == 1000


def test_a_line_without_end_stops_at_the_default_limit() -> None:
    decoder = EventDecoder()
    with pytest.raises(ProtocolError, match="limit of 1048576 characters"):
        decode_with(decoder, [b"data: ", *[b"x" * 65536] * 17])
