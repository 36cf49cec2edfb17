"""Shapes as types of Go. A union becomes a type of its own, which the file that uses it declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...client.shapes import (
    Checks,
    Choice,
    Either,
    Enum,
    Leaf,
    Listed,
    Mapped,
    Maybe,
    Named,
    Object,
    Shape,
    State,
)
from ...interpreter.facts.interface import Interface
from ...types.ty import MediaTy, PrimitiveTy
from ..annotations import Side
from ..spaces import own_classes, own_enums
from . import names

_PRIMITIVES = {"string": "string", "int": "int64", "float": "float64", "bool": "bool", "null": "any"}
_LITERALS: Mapping[type, str] = {str: "string", bool: "bool", int: "int64", float: "float64"}
_MAY_BE_NIL = ("[]", "map[", "any")


class Annotations:
    """Of one package; without a side, of one that has no types. `unions` collects those of its own side."""

    def __init__(self, interface: Interface, side: Side | None) -> None:
        self._side = side
        own = [schema.name for schema in own_classes(interface)]
        enums = [schema.name for schema in own_enums(interface)]
        self._names = names.types([*own, *enums, *interface.aliases])
        self.unions: dict[str, Either] = {}

    def constant(self, name: str) -> str:
        return self._names[name]

    def write(self, shape: Shape) -> str:
        return _WRITE[type(shape)](self, shape)

    def place(self, made: str, side: Side) -> str:
        return made if side == self._side else f"{side}.{made}"

    def union(self, shape: Either) -> str:
        """Named by its members. It is of the streams if one of them is on its way."""
        side: Side = "stream_types" if _is_partial(shape) else "types"
        made = "Or".join(dict.fromkeys(self.word(member) for member in shape.members))
        if side == self._side:
            self.unions.setdefault(made, shape)
        return self.place(made, side)

    def word(self, shape: Shape) -> str:
        """What a type is called inside of a name."""
        match shape:
            case Listed(item=item):
                return f"ListOf{self.word(item)}"
            case Mapped(value=value):
                return f"MapOf{self.word(value)}"
            case Maybe(inner=inner):
                return f"Maybe{self.word(inner)}"
            case Checks(inner=inner):
                return f"Checked{self.word(inner)}"
            case State(inner=inner):
                return f"State{self.word(inner)}"
            case Either(members=parts):
                return "Or".join(map(self.word, parts))
            case Object(name=name) | Named(name=name) | Enum(name=name):
                return self._names[name]
            case _:
                made = self.write(shape).rpartition(".")[2]
                return _WORDS.get(made, made[0].upper() + made[1:])

    def _enum(self, shape: Enum) -> str:
        return self.place(self._names[shape.name], "types")

    def _object(self, shape: Object | Named) -> str:
        return self.place(self._names[shape.name], "stream_types" if shape.partial else "types")

    def _mapped(self, shape: Mapped) -> str:
        key = self.write(shape.key) if isinstance(shape.key, Enum) else "string"
        return f"map[{key}]{self.write(shape.value)}"

    def _maybe(self, shape: Maybe) -> str:
        inner = self.write(shape.inner)
        return inner if inner.startswith(_MAY_BE_NIL) else f"*{inner}"

    def _choice(self, shape: Choice) -> str:
        kinds = {_LITERALS[type(one.value)] for one in shape.values}
        return kinds.pop() if len(kinds) == 1 else "any"

    def _leaf(self, shape: Leaf) -> str:
        match shape.ty:
            case PrimitiveTy(name=name):
                return _PRIMITIVES[name]
            case MediaTy():
                return self.place("Media", "types")
            case _:
                return "any"


_WORDS = {"int64": "Int", "float64": "Float"}


def _is_partial(shape: Shape) -> bool:
    match shape:
        case Object(partial=partial) | Named(partial=partial):
            return partial
        case State():
            return True
        case Listed(item=inner) | Maybe(inner=inner) | Checks(inner=inner):
            return _is_partial(inner)
        case Mapped(value=inner):
            return _is_partial(inner)
        case Either(members=parts):
            return any(map(_is_partial, parts))
        case _:
            return False


_WRITE: Mapping[type, Callable[[Annotations, Any], str]] = {
    Leaf: Annotations._leaf,
    Choice: Annotations._choice,
    Enum: Annotations._enum,
    Object: Annotations._object,
    Named: Annotations._object,
    Listed: lambda self, shape: f"[]{self.write(shape.item)}",
    Mapped: Annotations._mapped,
    Either: Annotations.union,
    Maybe: Annotations._maybe,
    Checks: lambda self, shape: f"{self.place('Checked', 'types')}[{self.write(shape.inner)}]",
    State: lambda self, shape: f"{self.place('StreamState', 'types')}[{self.write(shape.inner)}]",
}
