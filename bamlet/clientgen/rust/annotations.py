"""Shapes as types of Rust. A union becomes an enum of its own, which the file that uses it declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
    Shapes,
    State,
)
from ...interpreter.facts.interface import Interface
from ...types.ty import MediaTy, PrimitiveTy
from ..annotations import Side
from ..spaces import own_classes, own_enums
from . import names

_PRIMITIVES = {"string": "String", "int": "i64", "float": "f64", "bool": "bool", "null": "()"}
_LITERALS: Mapping[type, str] = {str: "String", bool: "bool", int: "i64", float: "f64"}
_WORDS = {"i64": "Int", "f64": "Float", "()": "Null"}


class Annotations:
    """Of one module; without a side, of one that has no types. `unions` collects those of its own side."""

    def __init__(self, interface: Interface, side: Side | None) -> None:
        self._side = side
        classes = [schema.name for schema in own_classes(interface)]
        enums = [schema.name for schema in own_enums(interface)]
        self._names = names.types([*classes, *enums, *interface.aliases])
        self._endless = _endless(interface, classes)
        self.unions: dict[str, Either] = {}

    def constant(self, name: str) -> str:
        return self._names[name]

    def write(self, shape: Shape) -> str:
        return _WRITE[type(shape)](self, shape)

    def union(self, shape: Either) -> str:
        """Named by its members. It is of the streams if one of them is on its way."""
        side: Side = "stream_types" if _is_partial(shape) else "types"
        made = "Or".join(dict.fromkeys(self.word(member) for member in shape.members))
        if side == self._side:
            self.unions.setdefault(made, shape)
        return self._place(made, side)

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
                made = self.write(shape).rpartition("::")[2]
                return _WORDS.get(made, made[0].upper() + made[1:])

    def _place(self, made: str, side: Side) -> str:
        return made if side == self._side else f"super::{side}::{made}"

    def _enum(self, shape: Enum) -> str:
        return self._place(self._names[shape.name], "types")

    def _object(self, shape: Object | Named) -> str:
        made = self._place(self._names[shape.name], "stream_types" if shape.partial else "types")
        return f"Box<{made}>" if shape.name in self._endless else made

    def _inside(self, shape: Shape) -> str:
        """Of a list or a map, which has room for its items elsewhere."""
        return (
            self.write(shape).removeprefix("Box<").removesuffix(">")
            if self._is_boxed(shape)
            else self.write(shape)
        )

    def _is_boxed(self, shape: Shape) -> bool:
        return isinstance(shape, Object) and shape.name in self._endless

    def _choice(self, shape: Choice) -> str:
        kinds = {_LITERALS[type(one.value)] for one in shape.values}
        return kinds.pop() if len(kinds) == 1 else "super::json::Json"

    def _leaf(self, shape: Leaf) -> str:
        match shape.ty:
            case PrimitiveTy(name=name):
                return _PRIMITIVES[name]
            case MediaTy():
                return "super::values::Media"
            case _:
                return "super::json::Json"


def _endless(interface: Interface, classes: list[str]) -> frozenset[str]:
    """Classes that hold themselves, not only in lists and maps: Rust wants to know how large a value is."""
    shapes = Shapes(interface.schemas)
    held = {
        name: {one for shape in shapes.final_fields(name).values() for one in _held(shape)} for name in classes
    }

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        pending = [start]
        while pending:
            new = held.get(pending.pop(), set()) - found
            found |= new
            pending += new
        return found

    return frozenset(name for name in classes if name in reached(name))


def _held(shape: Shape) -> Iterator[str]:
    match shape:
        case Object(name=name):
            yield name
        case Maybe(inner=inner) | Checks(inner=inner) | State(inner=inner):
            yield from _held(inner)
        case Either(members=parts):
            for part in parts:
                yield from _held(part)


def _is_partial(shape: Shape) -> bool:
    match shape:
        case Object(partial=partial) | Named(partial=partial):
            return partial
        case State():
            return True
        case Listed(item=inner) | Maybe(inner=inner) | Checks(inner=inner) | Mapped(value=inner):
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
    Listed: lambda self, shape: f"Vec<{self._inside(shape.item)}>",
    Mapped: lambda self, shape: f"std::collections::HashMap<String, {self._inside(shape.value)}>",
    Either: Annotations.union,
    Maybe: lambda self, shape: f"Option<{self.write(shape.inner)}>",
    Checks: lambda self, shape: f"super::values::Checked<{self.write(shape.inner)}>",
    State: lambda self, shape: f"super::values::StreamState<{self.write(shape.inner)}>",
}
