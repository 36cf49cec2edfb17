"""Types to those of values that are still coming: `baml.Partial<T>`, of which every field may be missing yet."""

from __future__ import annotations

from .ty import (
    UNKNOWN,
    AliasTy,
    AnnotatedTy,
    ClassTy,
    ListTy,
    MapTy,
    ParameterTy,
    Ty,
    UnionTy,
    UnknownTy,
    VariableTy,
    bare,
    optional,
    union,
)

PARTIAL = "baml.Partial"
"""The class of the library that stands for it; its argument is a class, or what a call has yet to tell."""


def partial_of(ty: Ty) -> Ty:
    """As far as a value of the type has come. A scalar comes whole, and so does an item of a list."""
    match ty:
        case AnnotatedTy(inner=inner, attributes=attributes):
            # With `@stream.with_state` what comes is a pair of a value and its state, which has no type here.
            return UNKNOWN if attributes.stream_with_state else partial_of(inner)
        case AliasTy():
            return UNKNOWN  # it leads back to itself, and would do so for ever
        case ListTy(item=item):
            return ListTy(partial_of(item))
        case MapTy(key=key, value=value):
            return MapTy(key, partial_of(value))
        case UnionTy(members=parts):
            return union(map(partial_of, parts))
        case ClassTy() | ParameterTy() | VariableTy() if not is_partial(ty):
            return ClassTy(PARTIAL, (ty,))
        case _:
            return ty


def partial_field(ty: Ty) -> Ty:
    """The type of a field of a class, in a value of it that is still coming."""
    found = partial_of(ty)
    return found if isinstance(found, UnknownTy) else optional(found)


def is_partial(ty: Ty) -> bool:
    plain = bare(ty)
    return isinstance(plain, ClassTy) and plain.name == PARTIAL
