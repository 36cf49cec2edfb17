"""Makers for one stream: of each partial value only what is new is made into objects.

In a list only the last item can be open, and what is finished is the same object in every later value. So the
finished items of a list are made once and kept, and of other values one that comes again is known.
"""

from __future__ import annotations

from typing import Any

from ..sap.growing import Lists
from .objects import HELD, Maker
from .shapes import Checks, Either, Listed, Maybe, Object, Shape, State
from .values import Makers

_NOTHING: Any = object()


class Growing:
    def __init__(self, makers: Makers) -> None:
        self._makers = makers
        self._flat: dict[Object, bool] = {}

    def of(self, shape: Shape) -> Maker:
        """A maker for one place of the value; what it remembers is of that place."""
        match shape:
            case Listed():
                return _List(self, shape.item).make
            case Object():
                return _Known(self._inside(shape)).make
            case Maybe() | Either() | Checks() | State():
                return self._makers.part(shape, self.of)
            case _:
                return self._makers.maker(shape)

    def _inside(self, shape: Object) -> Maker:
        """Where no field has anything to remember, one maker serves each item of a list."""
        return self._makers.maker(shape) if self._is_flat(shape) else self._makers.part(shape, self.of)

    def _is_flat(self, shape: Object) -> bool:
        known = self._flat.get(shape)
        if known is None:
            fields = self._makers.fields(shape).values()
            known = self._flat[shape] = not any(map(_remembers, fields))
        return known


def _remembers(shape: Shape) -> bool:
    match shape:
        case Listed() | Object():
            return True
        case Maybe(inner=inner) | Checks(inner=inner) | State(inner=inner):
            return _remembers(inner)
        case Either(members=members):
            return any(map(_remembers, members))
        case _:
            return False


class _Known:
    """A value that comes a second time is finished, and from then on known.

    What was made of it the first time is not kept: whoever looked may hold it alone, and then its lists need not
    be copied for the next look.
    """

    __slots__ = ("_made", "_make", "_seen")

    def __init__(self, make: Maker) -> None:
        self._make = make
        self._seen: Any = _NOTHING
        self._made: Any = _NOTHING

    def make(self, value: Any) -> Any:
        if value is not self._seen:
            self._seen, self._made = value, _NOTHING
            return self._make(value)
        if self._made is _NOTHING:
            self._made = self._make(value)
        return self._made


class _List:
    """The items that are finished, and the place of the last one."""

    __slots__ = ("_growing", "_items", "_last", "_open", "_settled", "_shape", "_snapshots")

    def __init__(self, growing: Growing, shape: Shape) -> None:
        self._growing = growing
        self._shape = shape
        self._begin()

    def _begin(self) -> None:
        self._items: list[Any] = []
        self._snapshots = Lists()
        self._settled = 0  # of the list that is shown; some may have been held back
        self._last: Any = _NOTHING
        self._open: Maker = self._growing.of(self._shape)

    def make(self, value: Any) -> Any:
        if value is None:
            return []
        settled = self._settled
        if settled and not (len(value) >= settled and value[settled - 1] is self._last):
            self._begin()  # another list in its place
            settled = 0
        if len(value) > settled + 1:
            for item in value[settled:-1]:
                self._settle(item)
        items = self._snapshots.copy_of(self._items)
        if len(value) > self._settled and (made := self._open(value[-1])) is not HELD:
            items.append(made)
        return items

    def _settle(self, item: Any) -> None:
        if (made := self._open(item)) is not HELD:
            self._items.append(made)
        self._settled += 1
        self._last = item
        self._open = self._growing.of(self._shape)
