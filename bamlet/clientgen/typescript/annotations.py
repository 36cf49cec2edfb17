"""Shapes as types of TypeScript."""

from __future__ import annotations

import json
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
from ...types.ty import MediaTy, PrimitiveTy
from ..annotations import Side
from ..spaces import flat

RUNTIME = "$runtime"  # no name of a program has a dollar
FINAL: Side = "types"
PARTIAL: Side = "stream_types"
MODULES: Mapping[Side, str] = {FINAL: "types", PARTIAL: "partial_types"}

_PRIMITIVES = {"string": "string", "int": "number", "float": "number", "bool": "boolean", "null": "null"}
# What no type can be called.
_TYPES = frozenset(
    """any as async await bigint boolean break case catch class const continue debugger declare default delete do
    else enum export extends false finally for from function if implements import in infer instanceof
    interface is keyof let module namespace never new null number object of package private protected public
    readonly require return static string super switch symbol this throw true try type typeof undefined
    unique unknown var void while with yield""".split()
)


def type_name(full: str) -> str:
    """Modules have the names of all namespaces. A word of the language gets an underscore."""
    name = flat(full)
    return f"{name}_" if name in _TYPES else name


def literal(value: object) -> str:
    """JSON is TypeScript."""
    return json.dumps(value, ensure_ascii=False)


class Annotations:
    """Of one module, whose own names need no prefix; without a side, of one that has no types."""

    def __init__(self, side: Side | None) -> None:
        self._side = side

    def write(self, shape: Shape) -> str:
        return _WRITE[type(shape)](self, shape)

    def name(self, full: str, side: Side) -> str:
        return type_name(full) if side == self._side else f"{MODULES[side]}.{type_name(full)}"

    def _inside(self, shape: Shape) -> str:
        text = self.write(shape)
        return f"({text})" if isinstance(shape, Choice | Either | Maybe) else text

    def _enum(self, shape: Enum) -> str:
        if shape.only is not None:
            return literal(shape.only)
        name = self.name(shape.name, FINAL)
        return f"{name} | (string & {{}})" if shape.dynamic else name

    def _object(self, shape: Object | Named) -> str:
        return self.name(shape.name, PARTIAL if shape.partial else FINAL)

    def _mapped(self, shape: Mapped) -> str:
        value = self.write(shape.value)
        if isinstance(shape.key, Leaf):
            # Written out, and no `Record`: only so may it stand in a type that names itself.
            return f"{{ [key: string]: {value} }}"
        return f"{{ [key in {self.write(shape.key)}]?: {value} }}"

    def _either(self, shape: Either) -> str:
        return " | ".join(dict.fromkeys(self.write(member) for member in shape.members))

    def _checks(self, shape: Checks) -> str:
        return f"{RUNTIME}.Checked<{self.write(shape.inner)}, {' | '.join(map(literal, shape.names))}>"


def _leaf(annotations: Annotations, shape: Leaf) -> str:
    match shape.ty:
        case PrimitiveTy(name=name):
            return _PRIMITIVES[name]
        case MediaTy():
            return f"{RUNTIME}.Media"
        case _:
            return "unknown"


_WRITE: Mapping[type, Callable[[Annotations, Any], str]] = {
    Leaf: _leaf,
    Choice: lambda self, shape: " | ".join(literal(one.value) for one in shape.values),
    Enum: Annotations._enum,
    Object: Annotations._object,
    Named: Annotations._object,
    Listed: lambda self, shape: f"{self._inside(shape.item)}[]",
    Mapped: Annotations._mapped,
    Either: Annotations._either,
    Maybe: lambda self, shape: f"{self.write(shape.inner)} | null",
    Checks: Annotations._checks,
    State: lambda self, shape: f"{RUNTIME}.StreamState<{self.write(shape.inner)}>",
}
