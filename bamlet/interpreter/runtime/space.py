"""The Python side of a program's types: a class for each class, one object for each enum value.

It also makes values from plain fields, which is what the model-text parser asks its factory for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...records import dataclass, field
from ...types.schema import Schemas
from ...types.ty import Ty
from ...types.variables import replaced
from .values import EnumValue, FunctionValue, Instance, extended_class, instance_class, instance_from_fields


@dataclass(frozen=True, slots=True)
class Generic:
    """The type parameters of a class, and those of its fields that speak of them."""

    params: tuple[str, ...]
    fields: tuple[tuple[str, Ty], ...]

    def parts(self, value: Any, args: tuple[Ty, ...]) -> list[tuple[Any, Ty]]:
        found = dict(zip(self.params, args, strict=False))
        return [(getattr(value, name), replaced(ty, found)) for name, ty in self.fields]


@dataclass(frozen=True, slots=True)
class Views:
    """The kinds of the values that implement each interface, and the classes with type parameters."""

    kinds: Mapping[str, frozenset[Any]] = field(default_factory=dict)
    generic: Mapping[str, Generic] = field(default_factory=dict)


NO_VIEWS = Views()


@dataclass(slots=True)
class ValueSpace:
    schemas: Schemas
    classes: dict[str, type[Instance]] = field(default_factory=dict)
    enums: dict[tuple[str, str], EnumValue] = field(default_factory=dict)
    # Functions that the configuration names, as values.
    functions: dict[str, FunctionValue] = field(default_factory=dict)
    # Of each method of an interface of the library: the functions that serve it, by the Python class of the value,
    # or by its kind where many share one.
    methods: dict[str, dict[Any, FunctionValue]] = field(default_factory=dict)
    # How values of a class show themselves, by their Python class; of an enum, by its name.
    texts: dict[type | str, FunctionValue] = field(default_factory=dict)
    # What tests of types know that are values themselves.
    views: Views = NO_VIEWS
    _partials: dict[str, type[Instance]] = field(default_factory=dict)

    def enum_value(self, enum_name: str, member_name: str) -> EnumValue:
        key = (enum_name, member_name)
        if key not in self.enums:
            self.enums[key] = EnumValue(*key)
        return self.enums[key]

    def instance(self, class_name: str, fields: Mapping[str, object]) -> Instance:
        return instance_from_fields(self.classes[class_name], fields)

    def extended(self, class_name: str, fields: Mapping[str, object]) -> Instance:
        """A value of a class with `@@dynamic` that has more fields than are declared."""
        declared = self.classes[class_name]
        names = dict.fromkeys((*declared.__fields__, *fields))
        return instance_from_fields(extended_class(class_name, tuple(names), declared), fields)

    def partial(self, class_name: str, fields: Mapping[str, object]) -> Instance:
        """A value of a class that is not finished: the same fields, each of which may be null."""
        cls = self._partials.get(class_name)
        if cls is None:
            names = tuple(field.name for field in self.schemas.classes[class_name].fields)
            cls = self._partials[class_name] = instance_class(class_name, names, partial=True)
        return instance_from_fields(cls, fields)

    def with_state(self, value: object, state: str) -> Any:
        return instance_from_fields(STREAM_STATE, {"value": value, "state": state})

    def checked(self, value: object, checks: Mapping[str, Any]) -> Any:
        results = {
            name: instance_from_fields(
                _CHECK, {"name": check.name, "expression": check.expression, "status": check.status}
            )
            for name, check in checks.items()
        }
        return instance_from_fields(CHECKED, {"value": value, "checks": results})


# What stands around a value. A program may have classes of these names, so names tell nothing.
STREAM_STATE: Any = instance_class("StreamState", ("value", "state"))
CHECKED: Any = instance_class("Checked", ("value", "checks"))
_CHECK = instance_class("Check", ("name", "expression", "status"))
