"""Schema-aligned parsing: reports, failures, snapshots, limits and hostile texts."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from bamlet.sap import NOTHING, Limits, ParseFailure, PartialParser, PlainFactory, parse
from bamlet.sap.growing import Lists
from bamlet.types import ty as types
from bamlet.types.schema import ClassSchema, Field, Schemas
from bamlet.types.ty import AnnotatedTy, ClassTy, Constraint, ListTy, MapTy, Ty, TypeAttributes, UnionTy

PLAIN = PlainFactory()
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


MEMO, CIRCLE, SQUARE = ClassTy("Memo"), ClassTy("Circle"), ClassTy("Square")
SHAPES = Schemas(
    {
        "Memo": ClassSchema("Memo", (Field("text", types.STRING),)),
        "Circle": ClassSchema("Circle", (Field("radius", types.INT),)),
        "Square": ClassSchema("Square", (Field("side", types.INT), Field("name", types.STRING))),
    }
)


@pytest.mark.parametrize(
    ("ty", "text", "value"),
    [
        (MEMO, '[{"text": "x"}, {"text": "y"}]', {"text": "x"}),
        (MEMO, '[{"a": 1}, {"text": "y"}]', {"text": "y"}),
        (MEMO, '[{"a": 1}, {"a": 2}]', {"text": "[{a: 1}, {a: 2}]"}),
        (MEMO, "[1, 2]", {"text": "[1, 2]"}),
        (CIRCLE, '[5, {"radius": 2}]', {"radius": 2}),
        (CIRCLE, "[5, 6]", {"radius": 5}),
        (
            UnionTy((MEMO, SQUARE)),
            '[{"side": 1, "name": "a"}, {"side": 2, "name": "b"}]',
            {"side": 1, "name": "a"},
        ),
        (UnionTy((MEMO, CIRCLE)), '[{"text": "x"}, {"text": "y"}]', {"text": "x"}),
        (UnionTy((CIRCLE, types.STRING)), '[{"side": 2}, {"radius": 3}]', {"radius": 3}),
        (UnionTy((types.STRING, ListTy(types.STRING))), '[{"a": 1}, {"b": 2}]', ["{a: 1}", "{b: 2}"]),
        (UnionTy((types.INT, types.STRING)), "[1, 2]", "[1, 2]"),
    ],
)
def test_a_list_with_an_object_of_the_class_is_not_the_text_of_its_field(ty: Ty, text: str, value: object) -> None:
    assert parse(text, ty, SHAPES, PLAIN).value == value


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


def test_a_long_list_that_somebody_holds_never_changes() -> None:
    parser = PartialParser(ListTy(types.INT), Schemas(), PLAIN)
    chance = random.Random(1)
    held: list[tuple[Any, list[int]]] = []
    parser.feed("[")
    for number in range(400):
        parser.feed(f"{number}, ")
        shown: Any = parser.partial()
        assert shown == list(range(number + 1))
        if chance.random() < 0.3:
            held.append((shown, list(shown)))
        if chance.random() < 0.1:
            held.clear()
    assert all(snapshot == copied for snapshot, copied in held)


def test_copies_of_a_list_are_used_again_once_nobody_holds_them() -> None:
    lists = Lists()
    growing: list[object] = list(range(100))
    first = lists.copy_of(growing)
    second = lists.copy_of(growing)
    assert first is not second
    number = id(first)
    del first
    growing += [100]
    assert id(lists.copy_of(growing)) == number


@pytest.mark.parametrize("ty", [types.INT, types.BOOL, types.optional(types.INT)], ids=str)
@pytest.mark.parametrize("answer", ['"12"', "true", "null", "[12]"])
@pytest.mark.parametrize("blanks", [0, 10, 100])
def test_an_early_answer_does_not_depend_on_when_somebody_looks(ty: Ty, answer: str, blanks: int) -> None:
    text = answer + " " * blanks
    at_once = PartialParser(ty, Schemas(), PLAIN)
    at_once.feed(text)
    by_character = PartialParser(ty, Schemas(), PLAIN)
    for char in text:
        by_character.feed(char)
        by_character.partial()
    assert by_character.partial() == at_once.partial()


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
