"""Classes in a type builder: those of the program, those with `@@dynamic`, and new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...diagnostics import did_you_mean
from ...records import replace
from ...types.schema import ClassSchema
from ...types.ty import ClassTy
from ..errors import BamlInvalidArgumentError
from .field_types import FieldType, ty_of
from .properties import AddedPropertyBuilder, PropertyBuilder

# What `declared` gives: the class as program and sources have it, and the names that only the sources have.
Declared = Callable[[], tuple[ClassSchema, tuple[str, ...]]]


class Properties:
    """`builder.Resume.props`: properties as attributes."""

    def __init__(self, owner: ClassBuilder) -> None:
        self._owner = owner

    def __getattr__(self, name: str) -> PropertyBuilder:
        found = self._owner.find_property(name)
        if found is None:
            hint = did_you_mean(name, self._owner.property_names())
            message = f"class `{self._owner.name}` has no property `{name}`"
            raise AttributeError(message + (f"; {hint}" if hint else ""))
        return found

    def __dir__(self) -> list[str]:
        return self._owner.property_names()


class ClassBuilder:
    """Of a class that takes no more properties: they may be described."""

    def __init__(self, name: str, declared: Declared, touched: Callable[[], None]) -> None:
        self.name = name
        self._declared = declared
        self._touched = touched
        self._described: dict[str, PropertyBuilder] = {}
        self._added: dict[str, AddedPropertyBuilder] = {}

    def type(self) -> FieldType:
        return FieldType(ClassTy(self.name))

    @property
    def props(self) -> Properties:
        return Properties(self)

    def list_properties(self) -> list[tuple[str, PropertyBuilder]]:
        return [(name, self.props.__getattr__(name)) for name in self.property_names()]

    def property_names(self) -> list[str]:
        return [*(field.name for field in self._declared()[0].fields), *self._added]

    def find_property(self, name: str) -> PropertyBuilder | None:
        if name in self._added:
            return self._added[name]
        if name not in self.property_names():
            return None
        if name not in self._described:
            self._described[name] = PropertyBuilder(name, self._touched)
        return self._described[name]

    def clear(self) -> None:
        """As if nothing had been said."""
        for described in self._described.values():
            described.forget()
        self._added.clear()
        self._touched()

    # --- for the builder of types

    @property
    def has_changes(self) -> bool:
        return bool(self._added) or self.schema() != self._declared()[0]

    def schema(self) -> ClassSchema:
        """The class as a call has it: what is declared and then what was added."""
        declared = self._declared()[0]
        fields = [
            self._described[field.name].over(field) if field.name in self._described else field
            for field in declared.fields
        ]
        return replace(declared, fields=(*fields, *(added.field() for added in self._added.values())))

    def added_lines(self) -> Iterator[str]:
        from ...types.show import show

        for field in self.schema().fields:
            if field.name in self._added or field.name in self._described:
                told = "".join(
                    f" @{word}({text!r})"
                    for word, text in (("alias", field.alias), ("description", field.description))
                    if text is not None
                )
                yield f"{field.name} {show(field.ty)}{told}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"


class DynamicClassBuilder(ClassBuilder):
    """Of a class with `@@dynamic`. `list_properties` gives those that were added."""

    def add_property(self, name: str, field_type: FieldType) -> AddedPropertyBuilder:
        """It comes behind those that there are. Raises `ValueError` for a name that is taken."""
        check_name(name, "a property")
        if name in self.property_names():
            raise ValueError(f"class `{self.name}` has a property `{name}` already")
        added = self._added[name] = AddedPropertyBuilder(name, ty_of(field_type), self._touched)
        self._touched()
        return added

    def remove_property(self, name: str) -> None:
        """One that was added. Raises `ValueError` for any other."""
        if name not in self._added:
            hint = did_you_mean(name, self._added)
            message = f"no property `{name}` was added to class `{self.name}`"
            raise ValueError(message + (f"; {hint}" if hint else ""))
        del self._added[name]
        self._touched()

    def list_properties(self) -> list[tuple[str, PropertyBuilder]]:
        return [(name, self.props.__getattr__(name)) for name in (*self._declared()[1], *self._added)]

    def reset(self) -> None:
        self.clear()


class NewClassBuilder(DynamicClassBuilder):
    """Of a class that was added."""

    def __init__(self, name: str, touched: Callable[[], None]) -> None:
        schema = ClassSchema(name, ())
        super().__init__(name, lambda: (schema, ()), touched)


def check_name(name: str, what: str) -> None:
    """Python's special names would be more than a name."""
    if not isinstance(name, str) or not name or (name.startswith("__") and name.endswith("__")):
        raise BamlInvalidArgumentError(f"Invalid argument: {name!r} cannot be the name of {what}")
