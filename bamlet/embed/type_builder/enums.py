"""Enums in a type builder: those of the program, those with `@@dynamic`, and new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self

from ...diagnostics import did_you_mean
from ...records import replace
from ...types.schema import EnumMember, EnumSchema
from ...types.ty import EnumTy
from .classes import check_name
from .field_types import FieldType
from .properties import Described


class EnumValueBuilder(Described):
    """Of one value. One that is skipped is neither asked for nor taken."""

    def __init__(self, name: str, touched: Callable[[], None]) -> None:
        super().__init__(name, touched)
        self._skip: bool | None = None

    def skip(self, skip: bool = True) -> Self:
        self._skip = skip
        self._touched()
        return self

    def forget(self) -> None:
        self._skip = None
        super().forget()

    def over(self, member: EnumMember) -> EnumMember:
        said = self._described(member)
        return said if self._skip is None else replace(said, skip=self._skip)

    def __repr__(self) -> str:
        return f"EnumValueBuilder({self.name})"


class Values:
    """`builder.Hobby.values`: values as attributes."""

    def __init__(self, owner: EnumBuilder) -> None:
        self._owner = owner

    def __getattr__(self, name: str) -> EnumValueBuilder:
        found = self._owner.find_value(name)
        if found is None:
            hint = did_you_mean(name, self._owner.value_names())
            message = f"enum `{self._owner.name}` has no value `{name}`"
            raise AttributeError(message + (f"; {hint}" if hint else ""))
        return found

    def __dir__(self) -> list[str]:
        return self._owner.value_names()


class EnumBuilder:
    """Of an enum that takes no more values: they may be described."""

    def __init__(self, name: str, declared: Callable[[], EnumSchema], touched: Callable[[], None]) -> None:
        self.name = name
        self._declared = declared
        self._touched = touched
        self._values: dict[str, EnumValueBuilder] = {}
        self._added: dict[str, EnumValueBuilder] = {}

    def type(self) -> FieldType:
        return FieldType(EnumTy(self.name))

    @property
    def values(self) -> Values:
        return Values(self)

    def list_values(self) -> list[tuple[str, EnumValueBuilder]]:
        """Those that are declared and then those that were added, in their order."""
        return [(name, self.values.__getattr__(name)) for name in self.value_names()]

    def value_names(self) -> list[str]:
        return [*(member.name for member in self._declared().members), *self._added]

    def find_value(self, name: str) -> EnumValueBuilder | None:
        if name in self._added:
            return self._added[name]
        if name not in self.value_names():
            return None
        if name not in self._values:
            self._values[name] = EnumValueBuilder(name, self._touched)
        return self._values[name]

    def clear(self) -> None:
        """As if nothing had been said."""
        for value in self._values.values():
            value.forget()
        self._added.clear()
        self._touched()

    # --- for the builder of types

    @property
    def has_changes(self) -> bool:
        return bool(self._added) or self.schema() != self._declared()

    def schema(self) -> EnumSchema:
        declared = self._declared()
        members = [
            self._values[member.name].over(member) if member.name in self._values else member
            for member in declared.members
        ]
        added = [value.over(EnumMember(name)) for name, value in self._added.items()]
        return replace(declared, members=(*members, *added))

    def added_lines(self) -> Iterator[str]:
        for member in self.schema().members:
            if member.name in self._added or member.name in self._values:
                alias = f" @alias({member.alias!r})" if member.alias is not None else ""
                told = f" @description({member.description!r})" if member.description is not None else ""
                yield f"{member.name}{alias}{told}{' @skip' if member.skip else ''}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"


class DynamicEnumBuilder(EnumBuilder):
    """Of an enum with `@@dynamic`."""

    def add_value(self, name: str) -> EnumValueBuilder:
        """It comes behind those that there are. Raises `ValueError` for a name that is taken."""
        check_name(name, "a value")
        if name in self.value_names():
            raise ValueError(f"enum `{self.name}` has a value `{name}` already")
        added = self._added[name] = EnumValueBuilder(name, self._touched)
        self._touched()
        return added


class NewEnumBuilder(DynamicEnumBuilder):
    """Of an enum that was added."""

    def __init__(self, name: str, touched: Callable[[], None]) -> None:
        schema = EnumSchema(name, ())
        super().__init__(name, lambda: schema, touched)
