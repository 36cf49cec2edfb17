"""To which shape of a union a value of the program belongs, by its class or enum, or by what is in it."""

from __future__ import annotations

from itertools import islice
from typing import Any

from ..interpreter.runtime.values import EnumValue, Instance
from ..types.ty import UnknownTy
from .classes import SCALARS, scalar
from .shapes import Checks, Choice, Either, Enum, Leaf, Listed, Mapped, Maybe, Object, Shape, State

WRAPPERS = ("Checked", "StreamState")

_LOOKED_AT = 3  # items of a list or map by which it is told from another kind of list


def is_wrapped(value: Any, wrapper: str) -> bool:
    return isinstance(value, Instance) and value.__class_name__ == wrapper


def innermost(shape: Shape) -> Shape:
    while isinstance(shape, Checks | State):
        shape = shape.inner
    return shape


def fits(shape: Shape, value: Any) -> bool:
    match shape:
        case Object(name=name):
            return isinstance(value, Instance) and value.__class_name__ == name
        case Enum(name=name):
            return isinstance(value, EnumValue) and value.enum == name
        case Leaf(ty=ty):
            return isinstance(value, SCALARS.get(scalar(ty), object))
        case Maybe(inner=inner):
            return value is None or fits(inner, value)
        case Listed(item=item):
            return isinstance(value, list) and all(one is None or fits(item, one) for one in value[:_LOOKED_AT])
        case Mapped(value=item):
            return isinstance(value, dict) and all(fits(item, one) for one in islice(value.values(), _LOOKED_AT))
        case Either(members=members):
            return any(fits(member, value) for member in members)
        case Choice():
            return takes(shape, value)
        case Checks() | State():
            # What is not finished, or was made by the program, comes without them.
            wrapped = isinstance(value, Instance) and value.__class_name__ in WRAPPERS
            return wrapped or fits(innermost(shape), value)
        case _:
            return True


def takes(shape: Shape, value: Any) -> bool:
    """Whether it is a plain member's value."""
    match shape:
        case Leaf(ty=UnknownTy()):
            return True
        case Leaf(ty=ty):
            return isinstance(value, SCALARS.get(scalar(ty), ()))
        case Choice(values=values):
            return any(type(one.value) is type(value) and one.value == value for one in values)
        case _:
            return False
