"""Where a type parameter stands in what a class or an interface has: whether less may be used in place of more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...types.relate import Views
from ...types.ty import AnnotatedTy, ClassTy, FunctionTy, FutureTy, InterfaceTy, ParameterTy, Ty, UnionTy
from ...types.variables import parts_of

GIVEN, TAKEN, BOTH = 1, -1, 0  # what comes out of a value, what is put into it


def is_only_given(types: Iterable[tuple[Ty, int]], name: str, views: Views) -> bool:
    """Whether a parameter of that name only ever comes out, of types that are themselves given or taken."""
    return all(way == GIVEN for ty, start in types for way in ways_of(ty, name, start, views))


def is_taken(ty: Ty, name: str, views: Views) -> bool:
    """Whether an argument of this type would have to be of the parameter's."""
    return any(way != TAKEN for way in ways_of(ty, name, GIVEN, views))


def ways_of(ty: Ty, name: str, way: int, views: Views) -> Iterator[int]:
    """For each place of the parameter in a type that is met this way, the way in which itself is met there."""
    if isinstance(ty, ParameterTy):
        if ty.name == name:
            yield way
        return
    for part, turn in _turned(ty, views):
        yield from ways_of(part, name, way * turn, views)


def _turned(ty: Ty, views: Views) -> Iterator[tuple[Ty, int]]:
    match ty:
        case FunctionTy(params=params, result=result, throws=throws):
            yield from ((param, TAKEN) for param in params)
            yield from ((result, GIVEN), (throws, GIVEN))
        case UnionTy() | FutureTy() | AnnotatedTy():
            yield from ((part, GIVEN) for part in parts_of(ty))
        case ClassTy(name=name, args=args):
            yield from zip(args, (GIVEN if varies else BOTH for varies in views.varies(name)), strict=False)
        case InterfaceTy(name=name, args=args, bindings=bindings):
            varying = views.varies_by(name)
            yield from ((arg, BOTH) for arg in args)
            yield from ((bound, GIVEN if key in varying else BOTH) for key, bound in bindings)
        case _:
            yield from ((part, BOTH) for part in parts_of(ty))
