"""Plain events of one answer, whose text is taken from between what stands around all of them: nobody can tell.

The language sees the same text either way; what is read, and how, is Python's.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from bamlet.providers import ProviderError
from bamlet.providers.accumulator import Accumulator
from bamlet.providers.chat import ChatAccumulator
from bamlet.providers.envelope import MOST_LESSONS, Envelope
from bamlet.wire.sse import Event

pytestmark = pytest.mark.timeout(60)

TEXTS = [
    "word ",
    "a",
    "",
    "é",
    "\n",
    'say "x"',
    "back\\slash",
    "\ud83d",
    "\ude00",
    '"content":"',
    "{}",
    "<another text>",
]
BESIDE: list[dict[str, Any]] = [
    {},
    {},
    {},
    {"role": "assistant"},
    {"reasoning": "hm"},
    {"reasoning": None, "refusal": ""},
    {"refusal": "no"},
    {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]},
    {"note": {"content": "elsewhere"}},
]
AROUND: list[dict[str, Any]] = [
    {},
    {},
    {},
    {"created": 1},
    {"created": 2},
    {"usage": {"total_tokens": 3}},
    {"error": None},
]
AROUND += [{"x_groq": {"usage": {"total_tokens": 1}}}, {"obfuscation": '"content":"a"'}, {"object": "chunk"}]
ENDS = [
    '{"choices":[{"delta":{},"finish_reason":"stop"}]}',
    "[DONE]",
    "no JSON",
    '{"error":{"message":"broke"}}',
    "[]",
    " ",
]


def drawn(seed: int) -> list[Event]:
    chosen = random.Random(seed)
    beside, around = chosen.choice(BESIDE), chosen.choice(AROUND)
    events = []
    for _ in range(chosen.randrange(3, 25)):
        if chosen.random() < 0.15:
            beside, around = chosen.choice(BESIDE), chosen.choice(AROUND)
        delta = {"content": chosen.choice(TEXTS), **beside} if chosen.random() < 0.9 else dict(beside)
        choice: dict[str, Any] = {"index": chosen.choice((0, 0, 0, 0, 1)), "delta": delta}
        if chosen.random() < 0.1:
            choice["finish_reason"] = chosen.choice((None, "length"))
        value = {"id": "1", **around, "choices": [choice] * chosen.choice((1, 1, 1, 1, 2)), "model": "m"}
        data = json.dumps(value, ensure_ascii=chosen.random() < 0.5, separators=chosen.choice(((",", ":"), None)))
        if chosen.random() < 0.05:
            data = chosen.choice(
                (data[:-1], f" {data}\n", data + data, data.replace('"content"', '"\\u0063ontent"'))
            )
        events.append(Event(chosen.choice(("message",) * 9 + ("error",)), data))
        if chosen.random() < 0.04:
            events.append(Event("message", chosen.choice(ENDS)))
    return events


def told(accumulator: ChatAccumulator, feed: Any, events: list[Event]) -> list[object]:
    """Each text, what is known in the end, and the chunks of the second half."""
    found: list[object] = []
    for at, event in enumerate(events):
        if at == len(events) // 2:
            found.append(accumulator.new_chunks())
        try:
            found.append(feed(event))
        except ProviderError as failure:
            found.append(str(failure))
    names = ("text", "reasoning", "refusal", "tool_calls", "usage", "finish_reason", "id", "model", "late")
    found += [getattr(accumulator, name) for name in (*names, "bad_events", "first_bad", "is_done", "is_complete")]
    return [*found, accumulator.new_chunks()]


def test_each_event_says_what_its_json_says() -> None:
    for seed in range(600):
        events = drawn(seed)
        short, long = ChatAccumulator(), ChatAccumulator()
        by_json = lambda event, long=long: Accumulator.feed(long, event)  # noqa: E731
        assert told(short, short.feed, events) == told(long, by_json, events), seed


def event(text: str, **around: object) -> str:
    return json.dumps({"choices": [{"delta": {"content": text}}], **around})


def test_an_envelope_is_learned_from_one_event() -> None:
    envelope = Envelope()
    assert envelope.text_of(event("a")) is None
    envelope.learn(event("a"), json.loads(event("a")), "a")
    assert envelope.text_of(event("another")) == "another"
    assert envelope.text_of(event("")) == ""
    assert envelope.text_of(event("b", usage=1)) is None
    for text in ('a "quote"', "a\\b", "a\nb"):
        assert envelope.text_of(event(text)) is None
    assert envelope.text_of(event("a").replace("a", "\ud800")) is None


def test_nothing_is_learned_where_the_text_may_stand_elsewhere() -> None:
    data = '{"before":{"content":"a"},"choices":[{"delta":{"content":"a"}}]}'
    envelope = Envelope()
    envelope.learn(data, json.loads(data), "a")
    assert envelope.text_of(data) is None


def test_learning_ends_where_it_leads_to_nothing() -> None:
    accumulator = ChatAccumulator()
    for number in range(MOST_LESSONS + 5):
        assert accumulator.feed(Event("message", event("a", padding=number))) == "a"
    assert accumulator._envelope.has_learned_enough
