"""What may be said about one property of a class: its name for a model, what it means, and of which type it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Self, TypeVar

from ...records import replace
from ...types.schema import EnumMember, Field
from ...types.ty import Ty
from .field_types import FieldType, ty_of

_UNSAID: Final = "\0"  # apart from None, which takes an alias or a description away

N = TypeVar("N", Field, EnumMember)


class Described:
    """An alias and a description over those that are declared. `touched` hears of each change."""

    def __init__(self, name: str, touched: Callable[[], None]) -> None:
        self.name = name
        self._touched = touched
        self._alias: str | None = _UNSAID
        self._description: str | None = _UNSAID

    def alias(self, alias: str | None) -> Self:
        """The name that prompts and answers have for it."""
        self._alias = alias
        self._touched()
        return self

    def description(self, description: str | None) -> Self:
        self._description = description
        self._touched()
        return self

    def _described(self, named: N) -> N:
        """A field or a value of an enum, with what was said."""
        if self._alias != _UNSAID:
            named = replace(named, alias=self._alias)
        return named if self._description == _UNSAID else replace(named, description=self._description)

    def forget(self) -> None:
        self._alias = self._description = _UNSAID
        self._touched()


class PropertyBuilder(Described):
    """Of a property that is declared; its type is fixed."""

    def over(self, field: Field) -> Field:
        return self._described(field)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"


class AddedPropertyBuilder(PropertyBuilder):
    """Of a property that was added."""

    def __init__(self, name: str, ty: Ty, touched: Callable[[], None]) -> None:
        super().__init__(name, touched)
        self._ty = ty

    def type(self, field_type: FieldType) -> Self:
        self._ty = ty_of(field_type)
        self._touched()
        return self

    def get_type(self) -> FieldType:
        return FieldType(self._ty)

    def field(self) -> Field:
        return self.over(Field(self.name, self._ty))
