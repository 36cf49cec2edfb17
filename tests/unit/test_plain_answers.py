"""Answers that are JSON of exactly their type: read by the short way, they are what the long way makes of them."""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from bamlet.sap import ParseFailure, PartialParser, PlainFactory, read_plain
from bamlet.sap.factory import State
from bamlet.sap.limits import DEFAULT_LIMITS, Limits
from bamlet.sap.report import Parsed
from bamlet.types import ty as types
from bamlet.types.schema import ClassSchema, EnumMember, EnumSchema, Field, Schemas
from bamlet.types.ty import AliasTy, AnnotatedTy, ClassTy, Constraint, EnumTy, ListTy, MapTy, Ty, TypeAttributes
from tests.strategies.answers import AFTER, LAYOUTS, ODD, PROSE, WORDS, Answers

EXAMPLES = int(os.environ.get("BAMLET_FUZZ_ANSWERS", "5000"))
BLOCK = 1_000
PLAIN = PlainFactory()


class Stateless(PlainFactory):
    """For partials that are compared with values, which have no states."""

    def with_state(self, value: object, state: State) -> object:
        return value


STATELESS = Stateless()
ODD_TEXTS = [
    *WORDS,
    *ODD,
    "",
    "null",
    "true",
    "5",
    "-0",
    "1e-999",
    "slow ",
    "blue",
    "HAPPY",
    "kind0",
    "Kind1",
    "sad",
]
ODD_VALUES: list[Any] = [None, True, 0, -1, 7, 2.0, 0.0, -0.0, 1e300, 2**53, 10**30, 5e-324, math.nan, [], {}]

SCHEMAS = Schemas(
    {
        "Item": ClassSchema(
            "Item", (Field("name", types.STRING, alias="the name"), Field("count", types.optional(types.INT)))
        ),
        "Node": ClassSchema("Node", (Field("v", types.INT), Field("kids", ListTy(ClassTy("Node"))))),
        "Twice": ClassSchema("Twice", (Field("Name", types.STRING), Field("name", types.STRING))),
        "Left": ClassSchema("Left", (Field("kind", types.literal("left")), Field("at", types.INT))),
        "Right": ClassSchema("Right", (Field("kind", types.literal("right")), Field("at", types.INT))),
        "Point": ClassSchema("Point", (Field("x", types.FLOAT), Field("y", types.optional(types.FLOAT)))),
        "Copy": ClassSchema("Copy", (Field("kind", types.STRING), Field("at", types.INT))),
    },
    {"Mood": EnumSchema("Mood", (EnumMember("HAPPY"), EnumMember("SAD", alias="blue")))},
    {"Tree": types.union((types.INT, ListTy(AliasTy("Tree"))))},
)
ITEM, NODE, POINT = ClassTy("Item"), ClassTy("Node"), ClassTy("Point")
EITHER = types.union((ClassTy("Left"), ClassTy("Right")))


def slow(text: str, ty: Ty, schemas: Schemas, limits: Limits = DEFAULT_LIMITS) -> Parsed | ParseFailure:
    parser = PartialParser(ty, schemas, PLAIN, limits=limits)
    parser.feed(text)
    try:
        return parser.finish()
    except ParseFailure as failure:
        return failure


def fast(text: str, ty: Ty, schemas: Schemas = SCHEMAS, limits: Limits = DEFAULT_LIMITS) -> Parsed | None:
    return read_plain(text, ty, schemas, PLAIN, limits=limits)


@pytest.mark.parametrize("block", range(0, EXAMPLES, BLOCK))
def test_generated_answers_are_read_alike_both_ways(block: int) -> None:
    """The value, the report and the last partial, by `repr`: it tells an integer from a float and from a truth
    value, zeros apart, and the order of fields.
    """
    read = 0
    for number in range(block, block + BLOCK):
        chance = random.Random(number)
        answers = Answers(chance, attributes=True)
        for text in (*written(answers, chance), answers.broken()):
            found = fast(text, answers.ty, answers.schemas)
            if found is not None:
                read += 1
                parser = PartialParser(answers.ty, answers.schemas, STATELESS)
                parser.feed(text)
                assert repr(found) == repr(parser.finish()), f"example {number}: {text!r}"
                assert repr(found.value) == repr(parser.partial()), f"example {number}: {text!r}"
    assert read > BLOCK / 4


def written(answers: Answers, chance: random.Random) -> Iterator[str]:
    """A value as JSON, by itself and among words, as it should be and with a few parts changed."""
    value = answers.value()
    for part in (value, changed(value, chance), changed(changed(value, chance), chance)):
        text = json.dumps(part, **chance.choice(LAYOUTS))
        if chance.random() < 0.1:
            text = text.replace("}", ', "again": []}', 1)
        fenced = chance.choice([text, text, f"```json\n{text}\n```", f"```\n{text}```"])
        odd = chance.choice(ODD) if chance.random() < 0.1 else ""
        yield chance.choice(PROSE) + odd + fenced + chance.choice(AFTER)


def changed(value: Any, chance: random.Random) -> Any:
    """The same with something else in one place."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        match chance.randint(0, 5):
            case 0:
                return {name: part for name, part in value.items() if name != key}
            case 1:
                return dict(sorted(value.items(), key=lambda _: chance.random()))
            case 2:
                return {(name.title() if name == key else name): part for name, part in value.items()}
            case _:
                return {**value, key: changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], changed(value[at], chance), *value[at + 1 :]]
    if isinstance(value, str):
        return chance.choice(ODD_TEXTS) if chance.random() < 0.7 else chance.choice(ODD_TEXTS) + value
    return chance.choice([*ODD_VALUES, *ODD_TEXTS])


@pytest.mark.parametrize(
    ("text", "ty"),
    [
        ('{"the name": "a", "count": 1}', ITEM),
        ('{"count": null, "the name": "\\"a\\" \\n"}', ITEM),
        ('{"the name": "a"}', ITEM),
        ('Here it is:\n```json\n[{"the name": "a", "count": 1}]\n```\nDone.', ListTy(ITEM)),
        ('[{"the name": "a", "count": 1}, {"the name": "b", "count": null}]', ListTy(ITEM)),
        ('[{"the name": "a", "count": 1}, {"count": 2, "the name": "b"}]', ListTy(ITEM)),
        ('[{"the name": "a"}, {"the name": "b", "count": 2}]', ListTy(ITEM)),
        ('[{"the name": "a"}, {"the name": "b"}]', ListTy(ITEM)),
        ('[{"x": 1, "y": null}, {"x": 2.5, "y": 3}]', ListTy(POINT)),
        ('[{"x": 1.5, "y": null}, {"x": 0.0, "y": null}]', ListTy(POINT)),
        ("[]", ListTy(POINT)),
        ('[{"v": 1, "kids": []}, {"v": 2, "kids": [{"v": 3, "kids": []}, {"v": 4, "kids": []}]}]', ListTy(NODE)),
        ('{"a": 1, "b": 2.5}', MapTy(types.STRING, types.FLOAT)),
        ('["HAPPY", "blue"]', ListTy(EnumTy("Mood"))),
        ('[{"kind": "right", "at": 1}, {"kind": "left", "at": 2}]', ListTy(EITHER)),
        ('{"v": 1, "kids": [{"v": 2, "kids": []}]}', NODE),
        ('["\\u00e9", null]', ListTy(types.optional(types.STRING))),
        ("any text at all, {even} this", types.STRING),
    ],
)
def test_plain_answers_are_read_by_the_short_way(text: str, ty: Ty) -> None:
    assert repr(fast(text, ty)) == repr(slow(text, ty, SCHEMAS))


@pytest.mark.parametrize(
    ("text", "ty"),
    [
        ('{"the name": "a", "the name": "b"}', ITEM),
        ('{"the name": "a", "more": 1}', ITEM),
        ('{"name": "a"}', ITEM),
        ('{"the name": 5}', ITEM),
        ('{"the name": "a", "count": true}', ITEM),
        ('{"the name": "a", "count": 1.0}', ITEM),
        ('[{"the name": "a", "count": 1}, {"the name": "b", "count": 1.0}]', ListTy(ITEM)),
        ('[{"the name": "a", "count": 1}, {"the name": "b", "the name": "c"}]', ListTy(ITEM)),
        ('[{"the name": "a", "count": 1}, null]', ListTy(ITEM)),
        ('[{"the name": "a", "count": 1}, [["the name", "b"], ["count", 2]]]', ListTy(ITEM)),
        ('[{"the name": "a", "count": 1}, {"the name": "b", "more": 2}]', ListTy(ITEM)),
        ('[{"x": 0.5, "y": 1.0}, {"x": 9007199254740993.0, "y": 1.0}]', ListTy(POINT)),
        ('[{"x": 0.5, "y": 1.0}, {"x": 1.0, "y": -1e300}]', ListTy(POINT)),
        ('[{"x": 0.5, "y": 1.0}, {"x": true, "y": 1.0}]', ListTy(POINT)),
        ('[{"x": 0.5, "y": 1.0}, {"x": null, "y": 1.0}]', ListTy(POINT)),
        ("{}", ITEM),
        ('{"Name": "a", "name": "b"}', ClassTy("Twice")),
        ('["happy"]', ListTy(EnumTy("Mood"))),
        ("[1e400]", ListTy(types.FLOAT)),
        ("[1e-400]", ListTy(types.FLOAT)),
        ("[-0]", ListTy(types.FLOAT)),
        ("[9007199254740993]", ListTy(types.FLOAT)),
        ("[NaN]", ListTy(types.FLOAT)),
        ('["\\ud83d"]', ListTy(types.STRING)),
        ('{"the name": "a"} or {"the name": "b"}', ITEM),
        ('<think>{"the name": "a"}</think> {"the name": "b"}', ITEM),
        ('{"kind": "left", "at": 1}', types.union((ClassTy("Left"), ClassTy("Copy")))),
        ("[" * 300 + "]" * 300, AliasTy("Tree")),
        (
            "[1]",
            ListTy(AnnotatedTy(types.INT, TypeAttributes(constraints=(Constraint("check", "this > 0", "c"),)))),
        ),
    ],
)
def test_anything_else_is_left_to_the_long_way(text: str, ty: Ty) -> None:
    assert fast(text, ty) is None


def test_limits_hold_on_the_short_way() -> None:
    text = '{"v": 1, "kids": [{"v": 2, "kids": []}]}'
    assert fast(text, NODE, limits=Limits(max_depth=4)) is not None
    assert fast(text, NODE, limits=Limits(max_depth=3)) is None
    assert fast(text, NODE, limits=Limits(max_chars=10)) is None
    assert isinstance(slow(text, NODE, SCHEMAS, Limits(max_depth=3)), ParseFailure)
