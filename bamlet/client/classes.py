"""The classes of one generated package, by shapes: to make objects of, and as annotations of Python code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, reduce
from importlib import import_module
from operator import attrgetter, or_
from typing import Any, Literal

from ..types.schema import Schemas
from ..types.ty import NULL, MediaTy, PrimitiveTy, Ty
from .models import Checked, StreamState
from .shapes import Checks, Choice, Either, Enum, Leaf, Listed, Mapped, Maybe, Named, Object, Shape, State

SCALARS: Mapping[str, Any] = {"string": str, "int": int, "float": float, "bool": bool}


def scalar(ty: Ty) -> str:
    """Its name, or nothing for another type."""
    return ty.name if isinstance(ty, PrimitiveTy) else ""


class Classes:
    def __init__(self, package: str, schemas: Schemas) -> None:
        self._package = package
        self._schemas = schemas
        self._annotations: dict[Shape, Any] = {}

    @cached_property
    def _types(self) -> Any:
        return import_module(".types", self._package)

    @cached_property
    def _stream_types(self) -> Any:
        return import_module(".stream_types", self._package)

    def named(self, name: str, *, partial: bool = False) -> Any:
        """Namespaces are modules of their own."""
        return attrgetter(name)(self._stream_types if partial else self._types)

    @cached_property
    def names(self) -> frozenset[str]:
        """Those of the program that the package has: it was made without what is not exported."""
        declared = (*self._schemas.classes, *self._schemas.enums)
        return frozenset(name for name in declared if _is_there(self._types, name))

    def annotation(self, shape: Shape) -> Any:
        """The type as Python code would write it; the same object for the same shape."""
        if shape not in self._annotations:
            self._annotations[shape] = _ANNOTATE[type(shape)](self, shape)
        return self._annotations[shape]

    def _leaf(self, shape: Leaf) -> Any:
        ty = shape.ty
        if isinstance(ty, MediaTy):
            from ..embed.media import CLASSES

            return CLASSES[ty.kind]
        return None if ty == NULL else SCALARS.get(scalar(ty), Any)

    def _enum(self, shape: Enum) -> Any:
        enum = self.named(shape.name)
        if shape.only is not None:
            return Literal[enum[shape.only]]
        return enum | str if shape.dynamic else enum


def _is_there(module: Any, name: str) -> bool:
    *spaces, last = name.split(".")
    for space in spaces:
        if space not in dir(module):
            return False
        module = getattr(module, space)
    return last in dir(module)


_ANNOTATE: dict[type, Callable[[Classes, Any], Any]] = {
    Leaf: Classes._leaf,
    Choice: lambda classes, shape: Literal[tuple(one.value for one in shape.values)],
    Enum: Classes._enum,
    Object: lambda classes, shape: classes.named(shape.name, partial=shape.partial),
    Named: lambda classes, shape: classes.named(shape.name, partial=shape.partial),
    Listed: lambda classes, shape: list[classes.annotation(shape.item)],  # type: ignore[misc]
    Mapped: lambda classes, shape: dict[classes.annotation(shape.key), classes.annotation(shape.value)],  # type: ignore[misc]
    Either: lambda classes, shape: reduce(or_, (classes.annotation(member) for member in shape.members)),
    Maybe: lambda classes, shape: classes.annotation(shape.inner) | None,
    Checks: lambda classes, shape: Checked[classes.annotation(shape.inner), Literal[shape.names]],  # type: ignore[misc]
    State: lambda classes, shape: StreamState[classes.annotation(shape.inner)],  # type: ignore[misc]
}
