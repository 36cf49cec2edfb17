"""To which shape of a union a value of the program belongs, by its class or enum, or by what is in it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from ..interpreter.runtime.space import CHECKED, STREAM_STATE
from ..interpreter.runtime.values import EnumValue, Instance
from ..types.ty import NULL, Ty, UnknownTy
from .classes import SCALARS, scalar
from .shapes import Checks, Choice, Either, Enum, Leaf, Listed, Mapped, Maybe, Named, Object, Shape, State

WRAPPERS = (CHECKED, STREAM_STATE)

_LOOKED_AT = 3  # items of a list or map by which it is told from another kind of list


class Fitting:
    """`meaning` is what a recursive alias stands for."""

    def __init__(self, meaning: Callable[[Named], Shape]) -> None:
        self._meaning = meaning

    def fits(self, shape: Shape, value: Any, *, whole: bool) -> bool:
        """Of a value that is not whole, anything may be missing."""
        match shape:
            case _ if value is None and not whole:
                return True
            case Object(name=name):
                return isinstance(value, Instance) and value.__class_name__ == name
            case Enum(name=name):
                return isinstance(value, EnumValue) and value.enum == name
            case Leaf(ty=ty):
                return value is None if ty == NULL else _is_scalar(ty, value, others=True)
            case Maybe(inner=inner):
                return value is None or self.fits(inner, value, whole=whole)
            case Listed(item=item):
                return isinstance(value, list) and all(
                    self.fits(item, one, whole=whole) for one in value[:_LOOKED_AT]
                )
            case Mapped(key=key, value=item):
                return isinstance(value, dict) and all(
                    self.fits(key, name, whole=whole) and self.fits(item, one, whole=whole)
                    for name, one in islice(value.items(), _LOOKED_AT)
                )
            case Either(members=members):
                return any(self.fits(member, value, whole=whole) for member in members)
            case Choice():
                return takes(shape, value)
            case Named():
                return self.fits(self._meaning(shape), value, whole=whole)
            # What is not finished, or was made by the program, comes without them.
            case Checks(inner=inner, names=names) if isinstance(value, CHECKED):
                return value.checks.keys() <= set(names) and self.fits(inner, value.value, whole=whole)
            case State(inner=inner) if isinstance(value, STREAM_STATE):
                return self.fits(inner, value.value, whole=whole)
            case Checks(inner=inner) | State(inner=inner):
                return self.fits(inner, value, whole=whole)


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
            return _is_scalar(ty, value, others=False)
        case Choice(values=values):
            return any(type(one.value) is type(value) and one.value == value for one in values)
        case _:
            return False


def _is_scalar(ty: Ty, value: Any, *, others: bool) -> bool:
    """`others` is the answer for a type that is none: media, or anything at all."""
    kind = SCALARS.get(scalar(ty))
    return others if kind is None else type(value) is kind
