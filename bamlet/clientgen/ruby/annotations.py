"""Shapes as what Ruby is told of them: a comment for people, and data by which the runtime reads values."""

from __future__ import annotations

import json
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
from .names import constants

MODULES: Mapping[Side, str] = {"types": "Types", "stream_types": "StreamTypes"}

_PRIMITIVES = {"string": "String", "int": "Integer", "float": "Float", "bool": "Boolean", "null": "nil"}


def literal(value: object) -> str:
    """JSON is Ruby, but for what stands for code in its texts."""
    return json.dumps(value, ensure_ascii=False).replace("#", "\\#")


class Annotations:
    def __init__(self, interface: Interface) -> None:
        self.shapes = Shapes(interface.schemas)
        self._aliases = interface.aliases
        found = [*(one.name for one in own_classes(interface)), *(one.name for one in own_enums(interface))]
        self._constants = constants(name for name in found)

    def constant(self, name: str) -> str:
        return self._constants[name]

    # --- for people

    def comment(self, shape: Shape) -> str:
        """As YARD writes types."""
        return _COMMENT[type(shape)](self, shape)

    def _place(self, shape: Object) -> str:
        return f"{MODULES['stream_types' if shape.partial else 'types']}::{self._constants[shape.name]}"

    def _either(self, shape: Either) -> str:
        return ", ".join(dict.fromkeys(self.comment(member) for member in shape.members))

    def _mapped(self, shape: Mapped) -> str:
        return f"Hash{{{self.comment(shape.key)} => {self.comment(shape.value)}}}"

    # --- for the runtime

    def reading(self, shape: Shape) -> str:
        """`nil` is what stays as JSON has it."""
        return _READING[type(shape)](self, shape)

    def _around(self, kind: str, inner: Shape) -> str:
        return f"[:{kind}, {self.reading(inner)}]"

    def _named(self, shape: Either | Named) -> str:
        """The server tells which class a value of a union is of, so that all classes in it will do."""
        found = dict.fromkeys(self._objects(shape, set()))
        names = ", ".join(f"{literal(one.name)} => {literal(self._place(one))}" for one in found)
        return f"[:either, {{ {names} }}]" if names else "[:either, {}]"

    def _objects(self, shape: Shape, seen: set[Named]) -> Iterator[Object]:
        match shape:
            case Object():
                yield shape
            case Listed(item=inner) | Maybe(inner=inner) | Checks(inner=inner) | State(inner=inner):
                yield from self._objects(inner, seen)
            case Mapped(value=inner):
                yield from self._objects(inner, seen)
            case Either(members=parts):
                for part in parts:
                    yield from self._objects(part, seen)
            case Named() if shape not in seen:
                seen.add(shape)
                yield from self._objects(self._meant(shape), seen)

    def _meant(self, shape: Named) -> Shape:
        ty = self._aliases[shape.name]
        return self.shapes.partial(ty) if shape.partial else self.shapes.final(ty)


def _leaf(annotations: Annotations, shape: Leaf) -> str:
    match shape.ty:
        case PrimitiveTy(name=name):
            return _PRIMITIVES[name]
        case MediaTy():
            return "Media"
        case _:
            return "Object"


def _reading_leaf(annotations: Annotations, shape: Leaf) -> str:
    match shape.ty:
        case PrimitiveTy():
            return "nil"
        case MediaTy():
            return "[:media]"
        case _:
            return "[:either, {}]"


_COMMENT: Mapping[type, Callable[[Annotations, Any], str]] = {
    Leaf: _leaf,
    Choice: lambda self, shape: ", ".join(literal(one.value) for one in shape.values),
    Enum: lambda self, shape: "String",
    Object: Annotations._place,
    Named: lambda self, shape: "Object",
    Listed: lambda self, shape: f"Array<{self.comment(shape.item)}>",
    Mapped: Annotations._mapped,
    Either: Annotations._either,
    Maybe: lambda self, shape: f"{self.comment(shape.inner)}, nil",
    Checks: lambda self, shape: f"Checked<{self.comment(shape.inner)}>",
    State: lambda self, shape: f"StreamState<{self.comment(shape.inner)}>",
}
_READING: Mapping[type, Callable[[Annotations, Any], str]] = {
    Leaf: _reading_leaf,
    Choice: lambda self, shape: "nil",
    Enum: lambda self, shape: "nil",
    Object: lambda self, shape: f"[:object, {literal(self._place(shape))}]",
    Named: Annotations._named,
    Listed: lambda self, shape: self._around("list", shape.item),
    Mapped: lambda self, shape: self._around("map", shape.value),
    Either: Annotations._named,
    Maybe: lambda self, shape: self.reading(shape.inner),
    Checks: lambda self, shape: self._around("checked", shape.inner),
    State: lambda self, shape: self._around("state", shape.inner),
}
