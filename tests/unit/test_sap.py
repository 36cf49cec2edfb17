"""Schema-aligned parsing: chosen cases with the answers of BAML's own parser, and what they leave out.

A fixture row holds a schema, a text and the value; a row with `stream` what is shown of the unfinished
text, a row with `partials` what is shown from each length on. Where we differ on purpose the row has
BAML's answer as `oracle`, and `INTENDED` the reason, under its number in the list of differences.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from bamlet.sap import NOTHING, Limits, ParseFailure, PartialParser, PlainFactory, parse
from bamlet.types import ty as types
from bamlet.types.schema import ClassSchema, EnumMember, EnumSchema, Field, Schemas
from bamlet.types.ty import AnnotatedTy, ClassTy, Constraint, ListTy, MapTy, Ty, TypeAttributes

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "fixtures" / "sap_cases.jsonl").read_text("utf-8").splitlines()
]
PLAIN = PlainFactory()
ERROR = {"error": True}

INTENDED = {
    "Q1: a class may lack several lists": ["defaults.optional.001", "defaults.stream.001", "defaults.top.001"],
    "Q2: a number ends at a comma": ["jsonish.in_class.004", "num.field.024"],
    "Q3: positions count characters": ["jsonish.109", "jsonish.112"],
    "Q4: escapes are decoded or held back": ["jsonish.056", "jsonish.059"],
    "Q5: doubled commas": ["jsonish.023"],
    "Q6: a comment after a value": ["jsonish.099"],
    "Q7: missing commas": [
        "jsonish.035",
        "jsonish.089",
        "jsonish.147",
        "list.str.013",
        "map.str_str.003",
        "num.field.022",
        "num.field.023",
    ],
    "Q8: a quote ends a string where brackets would fit": ["jsonish.019"],
    "Q9: a stray bracket in prose": ["extract.035"],
    "Q10: the value before a fence counts": ["extract.020"],
    "Q11: the first of several complete values": ["union.tools.012"],
    "Q12: reasoning is skipped": ["extract.030"],
    "Q13: Python's words": ["jsonish.039", "optional.top.014", "string.field.012", "union.list_of_prim.002"],
    "Q14: map keys have types": [
        "map.enum_alias_key.001",
        "map.enum_key.004",
        "map.enum_key.008",
        "map.literal_key.002",
    ],
    "Q16: a check has nothing to say about null": ["constraint.optional.008"],
    "Q17: constraints on a whole string": ["constraint.top.006", "constraint.top.010"],
    "Q18: integers are exact": ["int.top.030", "int.top.037", "num.field.033"],
    "Q19: lossless variants win": ["union.class_prim.004", "union.list.024", "union.list_of_union.003"],
    "Q21: an object is not the text of a one-field class": [
        "string.single_field.003",
        "union.class.025",
        "union.subsets.015",
    ],
    "Q22: a number keeps its spelling": ["string.field.004"],
    "Q23: the first of several lists": ["extract.string_list.001"],
    "Q24: no items out of prose": ["stream.top.129"],
    "Q25: an item has a key": ["stream.top.134"],
    "Q26: half keywords are held back": ["stream.top.141"],
    "Q27: a digit may follow a comma": ["stream.top.098"],
    "Q33: a union commits once": ["stream.top.125"],
    "d.5: a scalar answer is one event": ["stream.top.030", "stream.top.053"],
    "d.6: containers are never null": ["stream.done_top.019", "stream.top.092"],
    "g.1: a brace in a brace is prose": ["extract.044"],
    "g.2: a key after a comma ends a bare value": ["jsonish.008"],
    "g.2: an equals sign is a colon": ["jsonish.084"],
    "g.2: a string ends when the next token is known": ["stream.done_top.022"],
}


def test_every_difference_has_a_reason() -> None:
    different = sorted(row["id"] for row in ROWS if "oracle" in row)
    assert different == sorted(case for cases in INTENDED.values() for case in cases)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.get("stream")], ids=lambda row: row["id"])
def test_whole_text(row: dict[str, Any]) -> None:
    ty, schemas = schema_of(row)
    try:
        value = as_json(parse(row["text"], ty, schemas, PLAIN, holds=holds).value)
    except ParseFailure:
        value = ERROR
    assert_same(value, row["expected"])


@pytest.mark.parametrize("row", [row for row in ROWS if row.get("stream")], ids=lambda row: row["id"])
def test_unfinished_text(row: dict[str, Any]) -> None:
    ty, schemas = schema_of(row)
    parser = PartialParser(ty, schemas, PLAIN, holds=holds)
    parser.feed(row["text"])
    assert_same(shown(parser), row["expected"])


@pytest.mark.parametrize("row", [row for row in ROWS if "partials" in row], ids=lambda row: row["id"])
def test_every_prefix(row: dict[str, Any]) -> None:
    ty, schemas = schema_of(row)
    parser = PartialParser(ty, schemas, PLAIN, holds=holds)
    changes = dict(row["partials"])
    expected = changes[0]
    for length in range(len(row["text"]) + 1):
        if length:
            parser.feed(row["text"][length - 1])
        expected = changes.get(length, expected)
        assert_same(shown(parser), expected)


POINT = Schemas({"Point": ClassSchema("Point", (Field("x", types.INT), Field("y", types.INT)))})
POINTS = ListTy(ClassTy("Point"))


def test_a_failure_names_the_path() -> None:
    box = ClassSchema("Box", (Field("items", MapTy(types.STRING, types.INT)), Field("at", ClassTy("Point"))))
    schemas = Schemas({**POINT.classes, "Box": box})
    with pytest.raises(ParseFailure) as caught:
        parse('{"items": {}, "at": {"x": 1, "y": "many"}}', ClassTy("Box"), schemas, PLAIN)
    assert str(caught.value) == '$.at.y: expected int, got string "many"'
    assert caught.value.issues[0].path == "$.at.y"
    assert caught.value.raw.startswith('{"items"')


def test_what_is_dropped_is_reported() -> None:
    text = '[{"x": 1, "y": 2, "why": "no"}, {"x": 1}, {"x": 3, "y": "4 or so"}]'
    parsed = parse(text, POINTS, POINT, PLAIN)
    assert parsed.value == [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
    assert [(entry.kind, entry.path) for entry in parsed.report.entries] == [
        ("ignored", "$[0].why"),
        ("dropped", "$[1]"),
        ("ignored", "$[2].y"),
    ]
    assert parsed.report.dropped[0].reason == "y: expected int, got nothing"


def test_strict_refuses_what_would_be_dropped() -> None:
    with pytest.raises(ParseFailure, match="expected int"):
        parse('[{"x": 1}]', POINTS, POINT, PLAIN, strict=True)
    with pytest.raises(ParseFailure, match="cut off"):
        parse('[{"x": 1, "y": 2}', POINTS, POINT, PLAIN, strict=True)


def test_a_cut_answer_is_truncated() -> None:
    assert parse('[{"x": 1, "y": 2}', POINTS, POINT, PLAIN).report.truncated
    assert not parse('[{"x": 1, "y": 2}]', POINTS, POINT, PLAIN).report.truncated


def test_another_reading_is_taken_and_named() -> None:
    note = Schemas({"Note": ClassSchema("Note", (Field("body", types.STRING), Field("tag", types.STRING)))})
    parsed = parse('{"body": "ends with quote"", "tag": "t"}', ClassTy("Note"), note, PLAIN)
    assert parsed.value == {"body": 'ends with quote"', "tag": "t"}
    assert parsed.report.reread


def test_snapshots_share_what_is_finished() -> None:
    parser = PartialParser(POINTS, POINT, PLAIN)
    parser.feed('[{"x": 1, "y": 2}, {"x"')
    first: Any = parser.partial()
    parser.feed(': 3, "y": 4}, {"x": 5')
    second: Any = parser.partial()
    assert first == [{"x": 1, "y": 2}]
    assert second[:2] == [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
    assert first[0] is second[0]


def test_nothing_new_gives_the_same_snapshot() -> None:
    parser = PartialParser(POINTS, POINT, PLAIN)
    parser.feed('[{"x": 1, "y": 2}')
    shown_before = parser.partial()
    assert not parser.feed("   ")
    assert parser.partial() is shown_before


def test_a_union_is_shown_once_it_is_certain_and_at_any_pace() -> None:
    shapes = Schemas(
        {
            "Circle": ClassSchema("Circle", (Field("id", types.INT), Field("radius", types.FLOAT))),
            "Square": ClassSchema("Square", (Field("id", types.INT), Field("side", types.FLOAT))),
        }
    )
    either = types.union((ClassTy("Circle"), ClassTy("Square")))
    text = '{"id": 1, "side": 2.5, "radius": 3'
    by_character = PartialParser(either, shapes, PLAIN)
    seen = []
    for char in text:
        by_character.feed(char)
        seen.append(by_character.partial())
    at_once = PartialParser(either, shapes, PLAIN)
    at_once.feed(text)
    assert seen[: text.index("2")] == [NOTHING] * text.index("2")
    assert seen[-1] == at_once.partial() == {"id": 1, "side": 2.5}


def test_states_of_items_and_of_the_whole() -> None:
    stateful = TypeAttributes(stream_with_state=True)
    ty = AnnotatedTy(ListTy(AnnotatedTy(types.STRING, stateful)), stateful)
    parser = PartialParser(ty, Schemas(), PLAIN)
    assert parser.partial() == {"value": [], "state": "Pending"}
    parser.feed('["a", "b')
    items = [{"value": "a", "state": "Complete"}, {"value": "b", "state": "Incomplete"}]
    assert parser.partial() == {"value": items, "state": "Incomplete"}
    parser.feed('"]')
    items[1] = {"value": "b", "state": "Complete"}
    assert parser.partial() == {"value": items, "state": "Complete"}
    assert parser.finish().value == ["a", "b"]


@pytest.mark.parametrize("text", ["[ #", "[1, # 2]", '{"k": # 2}', "[\n//", "[a\n// b\n]"])
def test_marks_of_comments_in_bare_values_come_to_an_end(text: str) -> None:
    by_character = PartialParser(ListTy(types.STRING), Schemas(), PLAIN)
    for char in text:
        by_character.feed(char)
    assert by_character.finish().value == parse(text, ListTy(types.STRING), Schemas(), PLAIN).value


def test_an_evaluation_error_is_a_failed_check() -> None:
    def cannot(expression: str, value: object) -> bool:
        raise ValueError("division by zero")

    checked = AnnotatedTy(types.INT, TypeAttributes(constraints=(Constraint("check", "c", "1 // this"),)))
    value: Any = parse("0", checked, Schemas(), PLAIN, holds=cannot).value
    assert value["checks"]["c"]["status"] == "failed"


def test_limits_are_named() -> None:
    with pytest.raises(ParseFailure, match="max_depth"):
        parse("[" * 100_000, ListTy(types.INT), Schemas(), PLAIN)
    with pytest.raises(ParseFailure, match="max_chars"):
        parse("12345", types.STRING, Schemas(), PLAIN, limits=Limits(max_chars=4))
    report = parse('{"z": 1} ' * 5, POINTS, POINT, PLAIN, limits=Limits(max_candidates=3)).report
    assert [entry.kind for entry in report.entries][-1] == "limit"


def test_depth_up_to_the_limit_does_not_use_the_stack() -> None:
    tree = Schemas(aliases={"J": types.union((types.INT, ListTy(types.AliasTy("J"))))})
    parser = PartialParser(types.AliasTy("J"), tree, PLAIN, limits=Limits(max_depth=3_000))
    parser.feed("[" * 2_900)
    parser.partial()
    parser.feed("7" + "]" * 2_900)
    value: Any = parser.finish().value
    depth = 0
    while isinstance(value, list):
        value, depth = value[0], depth + 1
    assert (value, depth) == (7, 2_900)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e999", math.inf),
        ("-0", 0.0),
        ("0.1", 0.1),
        ("Infinity", math.inf),
        ("1" * 400, math.inf),
    ],
)
def test_hostile_floats(text: str, value: float) -> None:
    assert parse(text, types.FLOAT, Schemas(), PLAIN).value == value


@pytest.mark.parametrize("text", ["1e999", "NaN", "Infinity", "0x10", "1_000", "9" * 5_000])
def test_hostile_integers_are_errors(text: str) -> None:
    with pytest.raises(ParseFailure):
        parse(text, types.INT, Schemas(), PLAIN)


def test_hostile_keys() -> None:
    text = '{"__class__": 1, "__proto__": {}, "x": 1, "X": 9, "%s": 0, "y": 2}' % ("k" * 100_000)
    parsed = parse(text, ClassTy("Point"), POINT, PLAIN)
    assert parsed.value == {"x": 1, "y": 2}
    reasons = {entry.path: entry.reason for entry in parsed.report.ignored}
    assert reasons["$.X"] == "the key was there before"
    assert reasons["$.__class__"] == "no such field"


def shown(parser: PartialParser) -> Any:
    value = parser.partial()
    return ERROR if value is NOTHING else as_json(value)


def as_json(value: Any) -> Any:
    """With the numbers that JSON does not have spelled as the fixture spells them."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def assert_same(value: Any, expected: Any) -> None:
    """Equal, with `1`, `1.0` and `true` apart."""
    assert json.dumps(value, sort_keys=True) == json.dumps(expected, sort_keys=True)


def holds(expression: str, value: object) -> bool:
    """The constraints of the fixture, each as the Python it would be."""
    return bool(CONSTRAINTS[expression](value))


CONSTRAINTS: dict[str, Any] = {
    "this % 2 == 0": lambda this: this % 2 == 0,
    "this < 10": lambda this: this < 10,
    "this < 100": lambda this: this < 100,
    "this < 130": lambda this: this < 130,
    "this > 0": lambda this: this > 0,
    "this > 10": lambda this: this > 10,
    "this >= 18": lambda this: this >= 18,
    "this.lo <= this.hi": lambda this: this["lo"] <= this["hi"],
    "this.lo >= 0": lambda this: this["lo"] >= 0,
    "this|length < 3": lambda this: len(this) < 3,
    "this|length < 4": lambda this: len(this) < 4,
    "this|length < 5": lambda this: len(this) < 5,
    "this|length > 0": lambda this: len(this) > 0,
    "this|length > 1": lambda this: len(this) > 1,
}


def schema_of(row: dict[str, Any]) -> tuple[Ty, Schemas]:
    classes = {
        name: ClassSchema(
            name,
            tuple(
                Field(field, read_ty(ty), alias=about.get("aliases", {}).get(field))
                for field, ty in about["fields"].items()
            ),
            stream_done=about.get("done", False),
            constraints=read_constraints(about),
        )
        for name, about in row.get("classes", {}).items()
    }
    enums = {
        name: EnumSchema(
            name,
            tuple(EnumMember(**member) for member in about["members"]),
            constraints=read_constraints(about),
        )
        for name, about in row.get("enums", {}).items()
    }
    aliases = {name: read_ty(ty) for name, ty in row.get("aliases", {}).items()}
    return read_ty(row["returns"]), Schemas(classes, enums, aliases)


def read_constraints(about: dict[str, Any]) -> tuple[Constraint, ...]:
    return tuple(Constraint(*parts) for parts in about.get("constraints", ()))


def read_ty(notation: Any) -> Ty:
    if isinstance(notation, str):
        return types.PRIMITIVES[notation]
    if "of" in notation:
        stream = {f"stream_{name}": True for name in notation.get("stream", ())}
        attributes = TypeAttributes(**stream, constraints=read_constraints(notation))
        return AnnotatedTy(read_ty(notation["of"]), attributes)
    [(kind, content)] = notation.items()
    return READ[kind](content)


READ: dict[str, Any] = {
    "media": lambda kind: types.MEDIA[kind],
    "literal": types.literal,
    "enum": types.EnumTy,
    "class": types.ClassTy,
    "alias": types.AliasTy,
    "list": lambda item: ListTy(read_ty(item)),
    "map": lambda parts: MapTy(*map(read_ty, parts)),
    "union": lambda members: types.union(map(read_ty, members)),
    "optional": lambda inner: types.optional(read_ty(inner)),
}
