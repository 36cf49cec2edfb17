"""A type in, a believable answer of a model out: data under the names that a prompt shows, and its text.

Nothing here reads the answer. Constraints are solved as far as their form tells how; whether all of them hold,
whoever asks must find out with the real parser, and throw the dice again if not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, get_args

from ..regex import BadPattern, Unsupported
from ..regex.examples import example
from ..types.schema import ClassSchema, EnumMember, EnumSchema, Field, Schemas
from ..types.ty import (
    NULL,
    AliasTy,
    AnnotatedTy,
    ClassTy,
    EnumTy,
    ListTy,
    LiteralTy,
    MapTy,
    MediaTy,
    PrimitiveTy,
    Ty,
    UnionTy,
    VariantTy,
    bare,
)
from .believable import number_for, round_for, text_for, words
from .dice import Dice
from .invent_depths import NEVER, CannotInvent, depths_of
from .wants import Wants, wants_of

Style: TypeAlias = Literal[
    "json", "fenced", "prose", "single_quotes", "unquoted_keys", "trailing_commas", "xmlish"
]
STYLES: tuple[Style, ...] = get_args(Style)

MAX_DEPTH = 3  # how often a class that holds itself is entered on the way down
ENOUGH_PARTS = 2_000  # then lists and maps are as short as they may be: lists of lists of lists double with each
MAX_PARTS = 10_000
MAX_TEXT = 100_000  # characters of one text


def invent(ty: Ty, schemas: Schemas, dice: Dice, *, plain: bool = False) -> Any:
    """Data for JSON. `plain` keeps quotes, line breaks and the like out of texts. Raises `CannotInvent`."""
    return _Inventor(schemas, dice, plain).value(ty, Wants(), "", "", ())


class _Inventor:
    def __init__(self, schemas: Schemas, dice: Dice, plain: bool) -> None:
        self._schemas = schemas
        self._dice = dice
        self._plain = plain
        self._depths = depths_of(schemas)
        self._parts = 0

    def value(self, ty: Ty, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        """`name` and `about` are of the field that holds it, `above` the classes around it."""
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise CannotInvent(f"it would have more than {MAX_PARTS:,} parts")
        while isinstance(ty, AnnotatedTy):
            wants_of(ty.attributes.constraints, self._dice, wants)
            ty = ty.inner
        make = _MAKE.get(type(ty))
        if make is None:
            return text_for(name, about, self._dice, plain=self._plain)
        return make(self, ty, wants, name, about, above)

    # --- leaves

    def _primitive(self, ty: PrimitiveTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        if wants.choices:
            return self._dice.choice(wants.choices)
        if ty.name == "null":
            return None
        if ty.name == "bool":
            return self._dice.chance(2)
        if ty.name == "string":
            return self._text(wants, name, about)
        return self._number(ty.name == "int", wants, name)

    def _text(self, wants: Wants, name: str, about: str) -> str:
        if wants.pattern is not None and (found := self._matching(wants.pattern)) is not None:
            return found
        if wants.shortest > MAX_TEXT:
            raise CannotInvent(f"one of its texts would have more than {MAX_TEXT:,} characters")
        text = text_for(name, about, self._dice, plain=self._plain or bool(wants.longest is not None))
        text = f"{wants.start}{text}{wants.end}"
        while len(text) < wants.shortest:
            text += f" {words(self._dice, 1)}{wants.end}"
        if wants.longest is not None and len(text) > wants.longest:
            kept = max(0, wants.longest - len(wants.end))
            # A blank at the end would be lost on the way through some readers.
            text = text[:kept].rstrip().ljust(min(kept, wants.shortest), "x") + wants.end
        return text

    def _matching(self, pattern: str) -> str | None:
        try:
            return example(pattern, self._dice.below)
        except (BadPattern, Unsupported, ValueError):
            return None

    def _number(self, whole: bool, wants: Wants, name: str) -> float:
        low, high = number_for(name)
        if wants.bounded:
            # Where one side is open, as far as such a number is believed, or a little beyond the bound.
            believed = low, high
            low = wants.low if wants.low > -math.inf else min(believed[0], wants.high - 10)
            high = wants.high if wants.high < math.inf else max(believed[1], wants.low + 10)
        if whole:
            least = math.floor(low) + 1 if wants.above and low == wants.low else math.ceil(low)
            most = math.ceil(high) - 1 if wants.below and high == wants.high else math.floor(high)
            return self._dice.between(least, max(least, most))
        value = low + (high - low) * (self._dice.below(10_001) / 10_000)
        rounded: float = round_for(value)
        fits = (rounded > low or (rounded == low and not wants.above)) and (
            rounded < high or (rounded == high and not wants.below)
        )
        return rounded if fits else low + (high - low) / 2

    def _literal(self, ty: LiteralTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        return ty.value

    def _enum(self, ty: EnumTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        schema = self._schemas.enums.get(ty.name, EnumSchema(ty.name, ()))
        members = [row for row in schema.members if not row.skip]
        wants_of(schema.constraints, self._dice, wants)
        if wants.choices:
            members = [row for row in members if row.name in wants.choices] or members
        members = [row for row in members if row.name not in wants.apart] or members
        if not members:
            return words(self._dice, 1)
        return _shown(self._dice.choice(members))

    def _variant(self, ty: VariantTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        members = self._schemas.enums[ty.enum].members
        return _shown(next((row for row in members if row.name == ty.name), EnumMember(ty.name)))

    def _media(self, ty: MediaTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        raise CannotInvent(f"an answer cannot hold {'an' if ty.kind[0] in 'ai' else 'a'} {ty.kind}")

    # --- containers

    def _list(self, ty: ListTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        count = 0 if self._is_deep(ty.item, above) else self._count(wants)
        return [self.value(ty.item, Wants(), _one(name), about, above) for _ in range(count)]

    def _map(self, ty: MapTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        count = 0 if self._is_deep(ty.value, above) else self._count(wants)
        found: dict[str, Any] = {}
        for _ in range(4 * count):
            if len(found) < count:
                key = str(self._key(ty.key))
                found[key] = self.value(ty.value, Wants(), name, about, above)
        return found

    def _key(self, ty: Ty) -> Any:
        made = self.value(ty, Wants(), "", "", ())
        return words(self._dice, 1) if isinstance(bare(ty), PrimitiveTy) else made

    def _count(self, wants: Wants) -> int:
        if wants.shortest > MAX_PARTS:
            raise CannotInvent(f"it would have more than {MAX_PARTS:,} parts")
        if self._parts > ENOUGH_PARTS:
            return wants.shortest
        least = max(wants.shortest, 0 if wants.longest == 0 else 1)
        most = max(least, 3 if wants.shortest < 3 else wants.shortest + 2)
        if wants.longest is not None:
            most = min(most, wants.longest)
        return self._dice.between(min(least, most), most)

    def _class(self, ty: ClassTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        schema = self._schemas.classes.get(ty.name, ClassSchema(ty.name, ()))
        wants_of(schema.constraints, self._dice, wants)
        inside = (*above, ty.name)
        return {
            field.alias or field.name: self._field(field, wants.inner.get(field.name) or Wants(), inside)
            for field in schema.fields
            if not field.skip
        }

    def _field(self, field: Field, wants: Wants, above: tuple[str, ...]) -> Any:
        return self.value(field.ty, wants, field.name, field.description or "", above)

    def _alias(self, ty: AliasTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        return self.value(self._schemas.aliases[ty.name], wants, name, about, (*above, ty.name))

    def _union(self, ty: UnionTy, wants: Wants, name: str, about: str, above: tuple[str, ...]) -> Any:
        """Null one time in four; deep down whatever ends soonest."""
        has_null = any(bare(member) == NULL for member in ty.members)
        # An image may be one of several things that a value can be, and a model writes one of the others.
        members = [m for m in ty.members if bare(m) != NULL and self._depths.of(m) < NEVER]
        if not members:
            return None
        if has_null and None not in wants.apart and self._dice.chance(4):
            return None
        if wants.choices and not any(isinstance(bare(member), ClassTy) for member in members):
            return self._dice.choice(wants.choices)
        if any(self._is_deep(member, above) for member in members):
            if has_null:
                return None
            members = [min(members, key=self._depths.of)]
        return self.value(self._dice.choice(members), wants, name, about, above)

    # --- depth

    def _is_deep(self, ty: Ty, above: tuple[str, ...]) -> bool:
        """Whether what the type names was entered as often as it may be."""
        return any(above.count(name) >= MAX_DEPTH for name in _names(ty))


def _names(ty: Ty) -> list[str]:
    match bare(ty):
        case ClassTy(name=name) | AliasTy(name=name):
            return [name]
        case UnionTy(members=members):
            return [name for member in members for name in _names(member)]
        case ListTy(item=inner) | MapTy(value=inner):
            return _names(inner)
        case _:
            return []


def _one(name: str) -> str:
    """What one of several is called."""
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _shown(member: EnumMember) -> str:
    return member.alias or member.name


_Make: TypeAlias = Callable[[_Inventor, Any, Wants, str, str, tuple[str, ...]], Any]
_MAKE: Mapping[type, _Make] = {
    PrimitiveTy: _Inventor._primitive,
    LiteralTy: _Inventor._literal,
    EnumTy: _Inventor._enum,
    VariantTy: _Inventor._variant,
    MediaTy: _Inventor._media,
    ListTy: _Inventor._list,
    MapTy: _Inventor._map,
    ClassTy: _Inventor._class,
    AliasTy: _Inventor._alias,
    UnionTy: _Inventor._union,
}


# --- as text


def written(value: Any, style: Style) -> str:
    """As a model may write it: a text by itself, anything else as JSON or one of its near relatives."""
    if isinstance(value, str):
        return value
    return _WRITE[style](value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _loose(value: Any, *, key: Callable[[str], str], text: Callable[[str], str], comma: str, pad: str = "") -> str:
    inner = pad + "  "
    options: dict[str, Any] = {"key": key, "text": text, "comma": comma}
    if isinstance(value, dict) and value:
        rows = [f"{inner}{key(name)}: {_loose(item, pad=inner, **options)}" for name, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"{comma}\n{pad}}}"
    if isinstance(value, list) and value:
        rows = [f"{inner}{_loose(item, pad=inner, **options)}" for item in value]
        return "[\n" + ",\n".join(rows) + f"{comma}\n{pad}]"
    return text(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _double(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _single(text: str) -> str:
    inside = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inside}'"


def _bare(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else _double(name)


_WRITE: Mapping[Style, Callable[[Any], str]] = {
    "json": _json,
    "fenced": lambda value: f"```json\n{_json(value)}\n```",
    "prose": lambda value: f"Here is what I found:\n\n{_json(value)}\n\nLet me know if you need more.",
    "single_quotes": lambda value: _loose(value, key=_single, text=_single, comma=""),
    "unquoted_keys": lambda value: _loose(value, key=_bare, text=_double, comma=""),
    "trailing_commas": lambda value: _loose(value, key=_double, text=_double, comma=","),
    "xmlish": lambda value: f"<answer>\n{_json(value)}\n</answer>",
}
