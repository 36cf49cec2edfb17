"""The words that `ctx.output_format` asks with, to the byte: users tune prompts against them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bamlet.prompt import PromptError, output_format
from bamlet.types.schema import ClassSchema, EnumMember, EnumSchema, Field, Schemas
from bamlet.types.ty import (
    INT,
    MEDIA,
    NULL,
    PRIMITIVES,
    STRING,
    AliasTy,
    AnnotatedTy,
    ClassTy,
    EnumTy,
    ListTy,
    MapTy,
    Ty,
    TypeAttributes,
    VariantTy,
    literal,
    optional,
    union,
)

CASES_FILE = Path(__file__).parent.parent / "fixtures" / "output_formats.jsonl"
CASES = [json.loads(line) for line in CASES_FILE.read_text("utf-8").split("\n") if line]
TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|-?\d+|\w+|\[\]|[<>(),|?])')


class TypeReader:
    """Types as `show` writes them, so that the cases need no grammar."""

    def __init__(self, text: str, case: dict[str, Any]) -> None:
        self.tokens = TOKEN.findall(text)
        self.case = case

    def next(self, expected: str | None = None) -> str:
        token: str = self.tokens.pop(0)
        assert expected in (None, token)
        return token

    def union(self) -> Ty:
        members = [self.suffixed()]
        while self.tokens[:1] == ["|"]:
            self.next()
            members.append(self.suffixed())
        return union(members)

    def suffixed(self) -> Ty:
        ty = self.single()
        while self.tokens[:1] in (["[]"], ["?"]):
            ty = ListTy(ty) if self.next() == "[]" else optional(ty)
        return ty

    def single(self) -> Ty:
        token = self.next()
        if token == "(":
            ty = self.union()
            self.next(")")
            return ty
        if token == "map":
            self.next("<")
            key = self.union()
            self.next(",")
            value = self.union()
            self.next(">")
            return MapTy(key, value)
        if token in PRIMITIVES:
            return PRIMITIVES[token]
        for table, made in (("classes", ClassTy), ("enums", EnumTy), ("aliases", AliasTy)):
            if token in self.case.get(table, {}):
                return made(token)
        return literal(json.loads(token))


def read_schemas(case: dict[str, Any]) -> Schemas:
    def read(text: str) -> Ty:
        return TypeReader(text, case).union()

    classes, enums = {}, {}
    for name, spec in case.get("classes", {}).items():
        rows = spec.get("fields", {}).items()
        fields = (
            Field(key, read(row["type"]), **{k: v for k, v in row.items() if k != "type"}) for key, row in rows
        )
        classes[name] = ClassSchema(name, tuple(fields), spec.get("alias"), spec.get("description"))
    for name, spec in case.get("enums", {}).items():
        members = (EnumMember(member, **row) for member, row in spec["members"].items())
        enums[name] = EnumSchema(name, tuple(members), spec.get("alias"))
    return Schemas(classes, enums, {name: read(text) for name, text in case.get("aliases", {}).items()})


POINT = ClassSchema("Point", (Field("x", INT), Field("y", optional(INT))))
MOOD = EnumSchema("Mood", (EnumMember("UP", alias="good"), EnumMember("DOWN", skip=True)))
SCHEMAS = Schemas({"Point": POINT}, {"Mood": MOOD})


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_type_is_asked_for_in_these_words(case: dict[str, Any]) -> None:
    ty = TypeReader(case["type"], case).union()
    assert output_format(ty, read_schemas(case), **case.get("options", {})) == case["text"]


def test_attributes_of_a_type_do_not_show() -> None:
    marked = AnnotatedTy(
        union([AnnotatedTy(optional(STRING), TypeAttributes(stream_done=True)), INT]), TypeAttributes()
    )
    assert output_format(ListTy(marked), SCHEMAS, prefix=None) == "(string or int or null)[]"


def test_a_long_enum_in_a_list_stands_in_a_block() -> None:
    def enum(name: str, *members: EnumMember) -> EnumSchema:
        return EnumSchema(name, members)

    refund, cancel, short = EnumMember("Refund"), EnumMember("CancelOrder"), EnumMember("B")
    enums = (
        enum("Ask", refund, cancel),
        enum("Brief", refund, short),
        enum("Exact", EnumMember("ABCDE"), EnumMember("GH")),
        enum("AVeryLongEnumName", EnumMember("A", description="first"), short),
        enum("Short", EnumMember("A", description="first"), short),
    )
    wish = ClassSchema("Wish", (Field("asks", ListTy(EnumTy("Ask"))), Field("short", ListTy(EnumTy("Short")))))
    schemas = Schemas({"Wish": wish}, {row.name: row for row in enums})

    def asked(ty: Ty) -> str:
        return output_format(ty, schemas, prefix="").partition("\n\n")[2] or output_format(ty, schemas, prefix="")

    assert asked(ListTy(EnumTy("Ask"))) == "[\n  'Refund' or 'CancelOrder'\n]"
    assert asked(ListTy(EnumTy("Brief"))) == "'Refund' or 'B'[]"
    assert asked(ListTy(EnumTy("Exact"))) == "'ABCDE' or 'GH'[]"
    assert asked(ListTy(EnumTy("AVeryLongEnumName"))) == "[\n  AVeryLongEnumName\n]"
    assert asked(ListTy(EnumTy("Short"))) == "Short[]"
    assert asked(ClassTy("Wish")) == "{\n  asks: [\n    'Refund' or 'CancelOrder'\n  ],\n  short: Short[],\n}"


def test_one_value_of_an_enum_shows_its_alias() -> None:
    assert output_format(VariantTy("Mood", "UP"), SCHEMAS, prefix=None) == "'good'"


def test_an_alias_that_does_not_recur_is_expanded() -> None:
    schemas = Schemas({}, {}, {"Id": union([STRING, INT, NULL])})
    assert output_format(ListTy(AliasTy("Id")), schemas, prefix=None) == "(string or int or null)[]"


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (union([ListTy(INT), literal(7)]), "(int[] or 7)[]"),
        (union([literal(7), ListTy(ListTy(INT))]), "(7 or [\n  int[]\n])[]"),
        (union([ListTy(literal("l")), literal(7)]), '[\n  [\n    "l"\n  ] or 7\n]'),
        (union([ListTy(union([INT, STRING])), literal(7)]), "[\n  (int or string)[] or 7\n]"),
    ],
)
def test_a_list_of_a_union_is_in_a_line_where_a_member_is_primitive_or_a_list_of_that(item: Ty, text: str) -> None:
    assert output_format(ListTy(item), SCHEMAS, prefix=None) == text


def test_none_stands_for_the_default_of_most_options() -> None:
    assert output_format(optional(INT), SCHEMAS, or_splitter=None, render_null_as=None, prefix="") == "int or null"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bogus": 1}, "has no option `bogus`; it has prefix,"),
        ({"ty": 1}, "has no option `ty`"),
        ({"always_hoist_enums": 1}, "always_hoist_enums is true or false, not a value of kind number"),
        ({"quote_class_fields": "yes"}, "quote_class_fields is true or false"),
        ({"map_style": "zzz"}, 'map_style is "angle" or "object"'),
        ({"hoist_classes": ["Zed"]}, 'names "Zed", which is no class of this output'),
        ({"hoist_classes": [1]}, "a list of class names"),
        ({"or_splitter": ["|"]}, "or_splitter is a text, not a value of kind sequence"),
    ],
)
def test_a_bad_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(PromptError, match=re.escape(message)):
        output_format(ClassTy("Point"), SCHEMAS, **options)


def test_hoisting_a_class_that_the_output_does_not_reach_is_an_error() -> None:
    with pytest.raises(PromptError, match="Point"):
        output_format(INT, SCHEMAS, hoist_classes=["Point"])


def test_media_cannot_be_asked_for() -> None:
    with pytest.raises(PromptError, match="cannot answer"):
        output_format(ListTy(MEDIA["image"]), SCHEMAS)
