"""Shapes as types of Rust. A union becomes an enum of its own, which the file that uses it declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

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
from ..named_unions import NamedUnions
from ..spaces import own_classes
from . import names

_PRIMITIVES = {"string": "String", "int": "i64", "float": "f64", "bool": "bool", "null": "()"}
_LITERALS: Mapping[type, str] = {str: "String", bool: "bool", int: "i64", float: "f64"}


class Annotations(NamedUnions):
    words: ClassVar[Mapping[str, str]] = {"i64": "Int", "f64": "Float", "()": "Null"}
    separator = "::"

    def __init__(self, interface: Interface, side: Side | None) -> None:
        super().__init__(interface, side, names.types)
        self._endless = _endless(interface)

    def write(self, shape: Shape) -> str:
        return _WRITE[type(shape)](self, shape)

    def place(self, made: str, side: Side) -> str:
        return made if side == self._side else f"super::{side}::{made}"

    def _boxed(self, shape: Object) -> str:
        made = self._object(shape)
        return f"Box<{made}>" if shape.name in self._endless else made

    def _inside(self, shape: Shape) -> str:
        """Of a list or a map, which has room for its items elsewhere."""
        return self._object(shape) if isinstance(shape, Object) else self.write(shape)

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


def _endless(interface: Interface) -> frozenset[str]:
    """Classes that hold themselves, not only in lists and maps: Rust wants to know how large a value is."""
    shapes = Shapes(interface.schemas)
    classes = [schema.name for schema in own_classes(interface)]
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


_WRITE: Mapping[type, Callable[[Annotations, Any], str]] = {
    Leaf: Annotations._leaf,
    Choice: Annotations._choice,
    Enum: Annotations._enum,
    Object: Annotations._boxed,
    Named: Annotations._object,
    Listed: lambda self, shape: f"Vec<{self._inside(shape.item)}>",
    Mapped: lambda self, shape: f"std::collections::HashMap<String, {self._inside(shape.value)}>",
    Either: Annotations.union,
    Maybe: lambda self, shape: f"Option<{self.write(shape.inner)}>",
    Checks: lambda self, shape: f"super::values::Checked<{self.write(shape.inner)}>",
    State: lambda self, shape: f"super::values::StreamState<{self.write(shape.inner)}>",
}
