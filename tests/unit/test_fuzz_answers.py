"""Thousands of broken answers to random types: only the documented failure, and linear work, counted.

`BAMLET_FUZZ_ANSWERS` says how many; `make fuzz` tries two hundred thousand.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from bamlet.sap import NOTHING, ParseFailure, PartialParser, PlainFactory
from tests.strategies.answers import Answers
from tests.support.reading_steps import Steps, counted_steps

EXAMPLES = int(os.environ.get("BAMLET_FUZZ_ANSWERS", "5000"))
BLOCK = 500
PLAIN = PlainFactory()


@pytest.mark.parametrize("block", range(0, EXAMPLES, BLOCK))
def test_any_answer(block: int) -> None:
    with counted_steps() as steps:
        for number in range(block, block + BLOCK):
            check(number, steps)


def check(number: int, steps: Steps) -> None:
    chance = random.Random(number)
    answers = Answers(chance, attributes=True)
    text = answers.broken()
    shown_here = f"example {number}: {text!r}"
    parser = PartialParser(answers.ty, answers.schemas, PLAIN, skeleton=chance.random() < 0.2)
    steps.taken = 0
    for size in pieces(len(text), chance):
        parser.feed(text[size])
        if chance.random() < 0.5:
            parser.partial()
            parser.finished(("again",))
    assert steps.taken <= 4 * len(text) + 64, shown_here
    report = parser.report()
    try:
        parsed = parser.finish()
    except ParseFailure as failure:
        named = failure.issues
        assert named, shown_here
    else:
        report = parsed.report
        assert parser.partial() is not NOTHING, shown_here
    for entry in report.entries:
        assert text[entry.start : entry.end] == entry.raw or entry.kind == "limit", shown_here


def pieces(length: int, chance: random.Random) -> Iterator[slice]:
    most = chance.choice([1, 4, 30, length + 1])
    at = 0
    while at < length:
        end = at + chance.randint(1, most)
        yield slice(at, end)
        at = end
