"""Whether a value is of a type that is known at run time only: a type argument, the result of a strategy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

from ...types.partials import is_partial
from ...types.schema import Schemas
from ...types.ty import (
    AliasTy,
    AnnotatedTy,
    ClassTy,
    EnumTy,
    FunctionTy,
    FutureTy,
    InterfaceTy,
    ListTy,
    LiteralTy,
    MapTy,
    MediaTy,
    PrimitiveTy,
    Ty,
    UnionTy,
    UnknownTy,
    VariantTy,
)
from ..facts.code_names import FUTURE
from .dispatch import implements
from .media import MediaValue
from .space import NO_VIEWS, Views
from .values import EnumValue, FunctionValue, Handle, Instance, Opaque

_PYTHON = {"int": int, "float": float, "string": str, "bool": bool, "null": type(None)}

_FREE: Iterator[bool] = repeat(True)  # for a value of the host, where no call runs


def is_of_type(
    value: Any,
    ty: Ty,
    schemas: Schemas,
    rounds: Iterator[bool] = _FREE,
    views: Views = NO_VIEWS,
    assumed: frozenset[tuple[int, Ty]] = frozenset(),
) -> bool:
    """A class is told by its name, since its fields were checked where it was made; one with type parameters also
    by the fields that speak of them. Each look is a round of the call.

    `assumed` are instances that are being looked at: one that leads back to itself is not looked at again.
    """
    pending: list[tuple[Any, Ty]] = [(value, ty)]
    seen = set(assumed)
    while pending:
        given, wanted = pending.pop()
        next(rounds)
        match wanted:
            case UnknownTy():
                pass
            case AnnotatedTy(inner=inner):
                pending.append((given, inner))
            case AliasTy(name=name):
                pending.append((given, schemas.aliases[name]))
            case UnionTy(members=parts):
                known = frozenset(seen)  # what is found out for one member says nothing of the next
                if not any(is_of_type(given, part, schemas, rounds, views, known) for part in parts):
                    return False
            case InterfaceTy(name=name):
                if not implements(given, views.kinds.get(name, frozenset())):
                    return False
            case ListTy(item=item) if type(given) is list:
                pending += ((part, item) for part in given)
            case MapTy(value=item) if type(given) is dict:
                pending += ((part, item) for part in given.values())
            case _ if not _is_single(given, wanted):
                return False
            case ClassTy(name=name, args=args) if name in views.generic and (id(given), wanted) not in seen:
                seen.add((id(given), wanted))
                pending += views.generic[name].parts(given, args)
    return True


def _is_single(value: Any, ty: Ty) -> bool:
    match ty:
        case PrimitiveTy(name=name):
            return type(value) is _PYTHON[name]
        case LiteralTy(value=wanted):
            return type(value) is type(wanted) and bool(value == wanted)
        case ClassTy(name="uint8array"):
            return isinstance(value, bytes)
        case ClassTy(args=(ClassTy(name=name),)) if is_partial(ty):
            return isinstance(value, Instance) and value.__class_name__ == name
        case ClassTy(name=name):
            if isinstance(value, Instance) and value.__partial__:
                return False
            return isinstance(value, Instance | Handle | Opaque) and _class_of(value) == name
        case EnumTy(name=name):
            return isinstance(value, EnumValue) and value.enum == name
        case VariantTy(enum=enum, name=name):
            return isinstance(value, EnumValue) and (value.enum, value.name) == (enum, name)
        case MediaTy(kind=kind):
            return isinstance(value, MediaValue) and value.kind == kind
        case FunctionTy():
            return isinstance(value, FunctionValue)
        case FutureTy():
            return isinstance(value, Handle | Opaque) and value.kind == FUTURE
        case _:
            return False


def _class_of(value: Instance | Handle | Opaque) -> str:
    return value.__class_name__ if isinstance(value, Instance) else value.kind
