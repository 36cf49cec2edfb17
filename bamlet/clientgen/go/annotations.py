"""Shapes as types of Go. A union becomes a type of its own, which the file that uses it declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    State,
)
from ...interpreter.facts.interface import Interface
from ...types.ty import MediaTy, PrimitiveTy
from ..annotations import Side
from ..named_unions import NamedUnions
from . import names

_PRIMITIVES = {"string": "string", "int": "int64", "float": "float64", "bool": "bool", "null": "any"}
_LITERALS: Mapping[type, str] = {str: "string", bool: "bool", int: "int64", float: "float64"}
_MAY_BE_NIL = ("[]", "map[", "any")


class Annotations(NamedUnions):
    words: ClassVar[Mapping[str, str]] = {"int64": "Int", "float64": "Float"}
    separator = "."

    def __init__(self, interface: Interface, side: Side | None) -> None:
        super().__init__(interface, side, names.types)

    def write(self, shape: Shape) -> str:
        return _WRITE[type(shape)](self, shape)

    def place(self, made: str, side: Side) -> str:
        return made if side == self._side else f"{side}.{made}"

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
