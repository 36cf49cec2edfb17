"""Run-time values that Python has no type for: instances of classes, enum values, handles, functions as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .media import MediaValue


class Instance:
    """A value of a class of the program. Each class gets a Python class below this one, with its fields as slots.

    The language compares instances by identity; Python code at the boundary sees equality by content.
    """

    __slots__ = ()
    __class_name__: ClassVar[str] = ""
    __fields__: ClassVar[tuple[str, ...]] = ()
    __partial__: ClassVar[bool] = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Instance) or other.__class_name__ != self.__class_name__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__fields__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__fields__)
        return f"{self.__class_name__}({inside})"


class EnumValue:
    """One value of an enum. There is one object for each, so the language compares them with `is`."""

    __slots__ = ("enum", "name")

    def __init__(self, enum: str, name: str) -> None:
        self.enum = enum
        self.name = name

    @property
    def value(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        if isinstance(other, EnumValue):
            return self.enum == other.enum and self.name == other.name
        return self.name == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"{self.enum}.{self.name}"


@dataclass(frozen=True, slots=True)
class Handle:
    """What a program holds of a live resource: which kind and a number that is never used again."""

    kind: str
    number: int

    def __repr__(self) -> str:
        return f"<{self.kind} #{self.number}>"


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value of the host that a program may hold and hand back, but not look into. There is nothing to close."""

    kind: str
    payload: Any

    def __repr__(self) -> str:
        return f"<{self.kind}>"


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A function used as a value. How it is called depends on what it reaches, so the caller asks."""

    name: str
    code: Callable[..., Any]
    suspends: bool
    needs_context: bool


def instance_class(name: str, fields: tuple[str, ...], *, partial: bool = False) -> type[Instance]:
    """A class whose instances are made field by field: for partial values and for values read from a model."""
    members: dict[str, Any] = {
        "__class_name__": name,
        "__fields__": fields,
        "__partial__": partial,
        "__module__": "baml",
        "__match_args__": fields,
    }
    if all(field.isidentifier() for field in fields):
        members["__slots__"] = fields
    return type(name, (Instance,), members)


def extended_class(name: str, fields: tuple[str, ...], declared: type[Instance]) -> type[Instance]:
    """A class with more fields than the program declares: where code of the program makes one, they are null."""
    more = {field: None for field in fields if field not in declared.__fields__}
    own = {"__class_name__": name, "__fields__": fields, "__module__": "baml", "__match_args__": fields}
    return type(name, (declared,), {**own, **more})


def instance_from_fields(cls: type[Instance], fields: Mapping[str, object]) -> Instance:
    made = cls.__new__(cls)
    for name in cls.__fields__:
        setattr(made, name, fields.get(name))
    return made


def to_plain(value: Any) -> Any:
    """Dicts, lists and scalars that `json.dumps` takes; class fields in declared order, partials with nulls."""
    match value:
        case None | str() | bool() | int() | float():
            return value
        case list() | tuple():
            return [to_plain(item) for item in value]
        case dict():
            return {_plain_key(key): to_plain(item) for key, item in value.items()}
        case Instance():
            return {name: to_plain(getattr(value, name)) for name in value.__fields__}
        case EnumValue():
            return value.name
        case MediaValue():
            return value.plain()
        case _:
            return repr(value)


def _plain_key(key: object) -> str:
    return key if isinstance(key, str) else str(key)
