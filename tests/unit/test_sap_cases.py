"""The answers of BAML's own parser to 1,174 texts: equal, or different for a reason that is written down.

A row holds a text, the name of its schema and BAML's answer (`oracle`), and `ours` where we differ. A `sequence`
is read at every length: `partials` tells what is shown from each length on, where we show what BAML shows.
"""

from __future__ import annotations

import json
import math
import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.embed.reading import parser_of
from bamlet.sap import NOTHING, ParseFailure, PartialParser, read_plain
from tests.growth import breaks
from tests.support.sap_intended import REASONS, TAKEN_BACK

FIXTURES = Path(__file__).parent.parent / "fixtures"
ERROR = {"error": True}


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FIXTURES / name).read_text("utf-8").splitlines()]


ROWS = lines("sap_cases.jsonl")
SCHEMAS = {row["name"]: row["baml"] for row in lines("sap_schemas.jsonl")}
BLOCK = 150
SEQUENCES = [row for row in ROWS if row["kind"] == "sequence"]


def test_every_difference_has_a_reason() -> None:
    assert sorted(row["id"] for row in ROWS if "ours" in row) == sorted(REASONS)


def test_most_answers_are_the_same() -> None:
    single = [row for row in ROWS if row["kind"] != "sequence"]
    assert sum("ours" not in row for row in single) / len(single) >= 0.92


def test_nearly_all_answers_are_the_same_or_differ_by_a_rule() -> None:
    """A rule is one of those for the faults that are not copied, by its number."""
    by_rule = {case for case, reason in REASONS.items() if re.match(r"Q[0-9]+: ", reason)}
    assert sum("ours" not in row or row["id"] in by_rule for row in ROWS) / len(ROWS) >= 0.97


@pytest.mark.parametrize("row", [row for row in ROWS if row["kind"] != "partial"], ids=lambda row: row["id"])
def test_whole_text(row: dict[str, Any]) -> None:
    parser = new_parser(row)
    parser.feed(row["text"])
    assert spelled(final(parser)) == expected(row)


@pytest.mark.parametrize("row", [row for row in ROWS if row["kind"] == "partial"], ids=lambda row: row["id"])
def test_unfinished_text(row: dict[str, Any]) -> None:
    parser = new_parser(row)
    parser.feed(row["text"])
    assert spelled(parser.partial()) == expected(row)


@pytest.mark.parametrize("row", SEQUENCES, ids=lambda row: row["id"])
def test_every_length(row: dict[str, Any]) -> None:
    """What is shown of each prefix is BAML's or continues what was shown before, however the text is cut."""
    text = row["text"]
    parser = new_parser(row)
    shown = [parser.partial()]
    for char in text:
        parser.feed(char)
        shown.append(parser.partial())
    spellings = [spelled(value) for value in shown]
    for length, value in row.get("partials", ()):
        assert spellings[length] == json.dumps(value, sort_keys=True)
    if "partials" in row:
        changes = {length for length, _ in row["partials"]}
        assert all(spellings[at] == spellings[at - 1] for at in range(1, len(shown)) if at not in changes)
    problems = list(breaks(shown))
    assert bool(problems) == (row["id"] in TAKEN_BACK), problems

    value = final(parser)
    if value is not NOTHING:
        assert spelled(without_states(bamlet.to_plain(parser.partial()))) == spelled(value)

    cut = random.Random(row["id"])
    again = new_parser(row)
    at = 0
    while at < len(text):
        size = cut.randint(1, 9)
        again.feed(text[at : at + size])
        at = min(len(text), at + size)
        assert spelled(again.partial()) == spellings[at]


@pytest.mark.parametrize("block", range(0, len(ROWS), BLOCK))
def test_plain_answers_are_read_alike_both_ways(block: int) -> None:
    """Whatever of these texts, whole or cut, is JSON of exactly its type: its value, report and last partial."""
    read = 0
    for row in ROWS[block : block + BLOCK]:
        compiled = program(row["schema"])
        ty, schemas = compiled.interface.functions["Fn"].result, compiled.interface.schemas
        for length in range(len(row["text"]) + 1):
            text = row["text"][:length]
            plain = read_plain(text, ty, schemas, compiled.space)
            if plain is not None:
                read += 1
                parser = new_parser(row)
                parser.feed(text)
                assert repr(plain) == repr(parser.finish()), (row["id"], length)
                last = without_states(bamlet.to_plain(parser.partial()))
                assert spelled(plain.value) == spelled(last), (row["id"], length)
    assert read


@cache
def program(schema: str) -> bamlet.Program:
    return bamlet.compile_sources({"main.baml": SCHEMAS[schema]})


def new_parser(row: dict[str, Any]) -> PartialParser:
    compiled = program(row["schema"])
    return parser_of(compiled, compiled.interface.functions["Fn"])


def final(parser: PartialParser) -> Any:
    try:
        return parser.finish().value
    except ParseFailure:
        return NOTHING


def expected(row: dict[str, Any]) -> str:
    return json.dumps(row.get("ours", row["oracle"]), sort_keys=True)


def spelled(value: Any) -> str:
    """A value as JSON text in which `1`, `1.0` and `true` are apart."""
    return json.dumps(ERROR if value is NOTHING else _finite(bamlet.to_plain(value)), sort_keys=True)


def _finite(value: Any) -> Any:
    """With the numbers that JSON does not have spelled as the fixture spells them."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def without_states(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"value", "state"}:
            return without_states(value["value"])
        return {key: without_states(item) for key, item in value.items()}
    return [without_states(item) for item in value] if isinstance(value, list) else value
