"""A type of the language as a value of Python."""

from __future__ import annotations

from collections.abc import Iterator

from ...records import dataclass
from ...types.show import show
from ...types.ty import AliasTy, ClassTy, EnumTy, ListTy, MapTy, Ty, UnionTy, bare, optional
from ..errors import BamlInvalidArgumentError


@dataclass(frozen=True, slots=True)
class FieldType:
    """Made by a `TypeBuilder`. Two of the same type are equal."""

    ty: Ty

    def list(self) -> FieldType:
        return FieldType(ListTy(self.ty))

    def optional(self) -> FieldType:
        return FieldType(optional(self.ty))

    def __repr__(self) -> str:
        return f"FieldType({show(self.ty)})"


def ty_of(given: object) -> Ty:
    """The type that a caller means. Raises `BamlInvalidArgumentError`."""
    if isinstance(given, FieldType):
        return given.ty
    raise BamlInvalidArgumentError(
        f"Invalid argument: a type is made by the type builder, such as `builder.string()`; {given!r} is none"
    )


def named_types(ty: Ty) -> Iterator[str]:
    """Classes, enums and recursive aliases that a type names."""
    match bare(ty):
        case ClassTy(name=name) | EnumTy(name=name) | AliasTy(name=name):
            yield name
        case ListTy(item=item):
            yield from named_types(item)
        case MapTy(key=key, value=value):
            yield from named_types(key)
            yield from named_types(value)
        case UnionTy(members=members):
            for member in members:
                yield from named_types(member)
