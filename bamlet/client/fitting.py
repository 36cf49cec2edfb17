"""To which shape of a union a value of the program belongs, by its class or enum, or by what is in it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from ..interpreter.runtime.space import CHECKED, STREAM_STATE
from ..interpreter.runtime.values import EnumValue, Instance
from ..types.ty import UnknownTy
from .classes import SCALARS, scalar
from .shapes import Checks, Choice, Either, Enum, Leaf, Listed, Mapped, Maybe, Named, Object, Shape, State

WRAPPERS = (CHECKED, STREAM_STATE)

_LOOKED_AT = 3  # items of a list or map by which it is told from another kind of list


class Fitting:
    """`meaning` is what a recursive alias stands for."""

    def __init__(self, meaning: Callable[[Named], Shape]) -> None:
        self._meaning = meaning

    def fits(self, shape: Shape, value: Any) -> bool:
        match shape:
            case Object(name=name):
                return isinstance(value, Instance) and value.__class_name__ == name
            case Enum(name=name):
                return isinstance(value, EnumValue) and value.enum == name
            case Leaf(ty=ty):
                return isinstance(value, SCALARS.get(scalar(ty), object))
            case Maybe(inner=inner):
                return value is None or self.fits(inner, value)
            case Listed(item=item):
                return isinstance(value, list) and all(
                    one is None or self.fits(item, one) for one in value[:_LOOKED_AT]
                )
            case Mapped(key=key, value=item):
                return isinstance(value, dict) and all(
                    self.fits(key, name) and self.fits(item, one)
                    for name, one in islice(value.items(), _LOOKED_AT)
                )
            case Either(members=members):
                return any(self.fits(member, value) for member in members)
            case Choice():
                return takes(shape, value)
            case Named():
                return self.fits(self._meaning(shape), value)
            case Checks() | State():
                # What is not finished, or was made by the program, comes without them.
                return isinstance(value, WRAPPERS) or self.fits(innermost(shape), value)


def innermost(shape: Shape) -> Shape:
    while isinstance(shape, Checks | State):
        shape = shape.inner
    return shape


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
