"""Random schemas, values of them, and the ways in which a model may write a value down.

Everything is drawn from a `random.Random`, so that a fuzz run is fast and hypothesis can drive it as well.
"""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

from bamlet.types import ty as types
from bamlet.types.schema import ClassSchema, EnumMember, EnumSchema, Field, Schemas
from bamlet.types.ty import (
    AliasTy,
    AnnotatedTy,
    ClassTy,
    EnumTy,
    ListTy,
    LiteralTy,
    MapTy,
    Ty,
    TypeAttributes,
    UnionTy,
)

WORDS = [
    "red",
    "a b",
    "it's so",
    "Straße",
    "日本",
    "x-ray",
    "no. 5",
    'say "hi" now',
    "c:/d",
    "{odd}",
    "tab\tend",
    "🦜",
]
ENUM = EnumSchema("Mood", (EnumMember("HAPPY"), EnumMember("SAD", alias="blue"), EnumMember("SO_SO")))
ALIASES = {"Tree": types.union((types.INT, ListTy(AliasTy("Tree"))))}
STREAM = [
    TypeAttributes(stream_done=True),
    TypeAttributes(stream_not_null=True),
    TypeAttributes(stream_with_state=True),
]
ODD = [*"{}[]\"'`,:\\#<>/=() \n", "//", "/*", "*/", "```", '"""', "\n```json\n", "\\u00", "\\ud83e", "\r\n"]
ODD += ["null", "true", "None", "NaN", "1,", "-", "1e999", "0x1F", "<think>", "</think>", '", "', '"}', '"]']
ODD += ["=>", "é"]
LAYOUTS: list[dict[str, Any]] = [
    {},
    {"separators": (",", ":")},
    {"indent": 2},
    {"ensure_ascii": False},
    {"indent": 1, "ensure_ascii": False},
]
PROSE = ["", "", "Sure! ", "Here it is:\n", "Step 1: think.\nStep 2: see below\n", "I'd say (roughly) "]
AFTER = ["", "", "\nHope it helps!", "\n\nLet me know."]


class Answers:
    """One random schema: `ty` is its root, and `value`, `written` and `broken` make answers of that type."""

    def __init__(self, chance: Random, *, attributes: bool = False) -> None:
        self._chance = chance
        self._attributes = attributes
        self._classes: dict[str, ClassSchema] = {}
        for number in range(chance.randint(1, 4)):
            self._add_class(f"C{number}")
        self._kinds = [self._add_kind(f"K{number}", f"kind{number}") for number in range(2)]
        self.schemas = Schemas(self._classes, {"Mood": ENUM}, ALIASES)
        self.ty: Ty = chance.choice([self._class(), ListTy(self._class()), self._any_type(2), self._class()])

    # --- schemas

    def _add_class(self, name: str) -> None:
        count = self._chance.randint(1, 5)
        fields = [Field(f"{name.lower()}_f{number}", self._field_type()) for number in range(count)]
        if self._chance.random() < 0.2:
            fields.append(Field("again", ListTy(ClassTy(name))))
        if self._chance.random() < 0.3:
            fields[0] = replace(fields[0], alias=f"{name} key")
        self._classes[name] = ClassSchema(name, tuple(fields))

    def _add_kind(self, name: str, kind: str) -> ClassTy:
        """A class that a literal tells from the other."""
        fields = (Field("kind", types.literal(kind)), Field(f"of_{kind}", self._field_type()))
        self._classes[name] = ClassSchema(name, fields)
        return ClassTy(name)

    def _class(self) -> Ty:
        return ClassTy(self._chance.choice(list(self._classes)))

    def _field_type(self) -> Ty:
        ty = self._any_type(2)
        if self._attributes and self._chance.random() < 0.3:
            return AnnotatedTy(ty, self._chance.choice(STREAM))
        return ty

    def _any_type(self, depth: int) -> Ty:
        plain: list[Ty] = [types.INT, types.FLOAT, types.BOOL, types.STRING, types.STRING, EnumTy("Mood")]
        pick = self._chance.randint(0, 11 if depth else 6)
        if pick < 5:
            return self._chance.choice(plain)
        if pick == 5:
            return types.union((types.literal("slow"), types.literal("fast")))
        if pick == 6:
            return types.union((types.INT, types.STRING))
        if pick == 7:
            return ListTy(self._any_type(depth - 1))
        if pick == 8:
            return MapTy(types.STRING, self._any_type(depth - 1))
        if pick == 9:
            return types.optional(self._any_type(depth - 1))
        if pick == 10 and hasattr(self, "_kinds"):
            return types.union(self._kinds)
        return self._class() if self._classes else AliasTy("Tree")

    # --- values

    def value(self, ty: Ty | None = None, depth: int = 3) -> Any:
        """A value in the names that a model uses, and nothing that two types of a union could both mean."""
        chance = self._chance
        ty = self.ty if ty is None else ty
        while isinstance(ty, AnnotatedTy):
            ty = ty.inner
        match ty:
            case ClassTy(name=name):
                fields = self._classes[name].fields
                return {field.alias or field.name: self.value(field.ty, depth - 1) for field in fields}
            case ListTy(item=item):
                return [self.value(item, depth - 1) for _ in range(chance.randint(0, 3) if depth > 0 else 0)]
            case MapTy(value=value):
                keys = chance.sample(["k", "a key", "é", "z9"], chance.randint(0, 3) if depth > 0 else 0)
                return {key: self.value(value, depth - 1) for key in keys}
            case AliasTy():
                return [1, [2, [3]]][: chance.randint(0, 2)]
            case EnumTy():
                return chance.choice(["HAPPY", "blue", "SO_SO"])
            case LiteralTy(value=literal):
                return literal
            case UnionTy(members=members):
                return self.value(chance.choice(members), depth - 1)
        return self._scalar(ty)

    def _scalar(self, ty: Ty) -> Any:
        chance = self._chance
        if ty == types.INT:
            return chance.choice([0, 7, -3, 12345, 10**12])
        if ty == types.FLOAT:
            return chance.choice([0.5, -2.25, 1e-7, 123.125])
        if ty == types.BOOL:
            return chance.random() < 0.5
        return None if ty == types.NULL else " ".join(chance.sample(WORDS, chance.randint(1, 3)))

    # --- texts

    def written(self, value: Any) -> str:
        """As a careful model writes: JSON in any layout, in a fence or in prose, after some thinking."""
        chance = self._chance
        noisy = isinstance(value, dict | list)
        layout = chance.choice(LAYOUTS)
        text = json.dumps(value, **layout)
        if chance.random() < 0.3:
            text = loosened(chance, value)
        if not noisy:
            return text
        if chance.random() < 0.3:
            text = f"\n```json\n{text}\n```\n"
        if chance.random() < 0.2:
            text = f'<think>maybe {{"c0_f0": 1}}?</think>\n{text}'
        text = chance.choice(PROSE) + text + chance.choice(AFTER)
        return text.replace("\n", "\r\n") if chance.random() < 0.1 and '"' not in str(value) else text

    def broken(self) -> str:
        """As no model should write."""
        chance = self._chance
        if chance.random() < 0.2:
            return "".join(chance.choices(ODD, k=chance.randint(0, 60)))
        text = self.written(self.value())
        for _ in range(chance.randint(0, 5)):
            at = chance.randint(0, len(text))
            cut = chance.randint(0, 6)
            head, tail = text[:at], text[at:]
            text = chance.choice([head + chance.choice(ODD) + tail, head + tail[cut:], head + text[at // 2 :]])
        return text if chance.random() < 0.7 else text[: chance.randint(0, len(text))]


def loosened(chance: Random, value: Any) -> str:
    """JSON with what models get away with: bare keys, single quotes, comments, commas too many, line breaks."""
    blank = chance.choice([" ", "\n  ", ""])
    if isinstance(value, dict):
        parts = [f"{_key(chance, key)}: {loosened(chance, item)}" for key, item in value.items()]
        return "{" + _joined(chance, parts, blank) + "}"
    if isinstance(value, list):
        return "[" + _joined(chance, [loosened(chance, item) for item in value], blank) + "]"
    return json.dumps(value, ensure_ascii=chance.random() < 0.5)


def _key(chance: Random, key: str) -> str:
    if key.isidentifier() and key.isascii() and chance.random() < 0.6:
        return key
    return f"'{key}'" if chance.random() < 0.2 else json.dumps(key)


def _joined(chance: Random, parts: list[str], blank: str) -> str:
    comment = chance.choice(["", "", " // why not\n", " /* so */ "])
    trailing = "," if parts and chance.random() < 0.3 else ""
    return blank + f",{comment}{blank or ' '}".join(parts) + trailing + blank
