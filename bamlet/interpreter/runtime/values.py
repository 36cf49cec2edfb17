"""Run-time values that Python has no type for: instances of classes, enum values, handles, functions as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, compress, repeat
from reprlib import recursive_repr
from typing import Any, ClassVar

from ...records import dataclass
from ..facts.code_names import BODY as BODY
from ..facts.code_names import FINALISED
from .media import MediaValue
from .python_faces import FieldsFace, PythonFace


class Instance(FieldsFace):
    """A value of a class of the program. Each class gets a Python class below this one, with its fields as slots.

    The language compares instances by identity; Python code at the boundary sees equality by content.
    """

    # Which fields the host left out, if it left out any: a prompt does not show them, while it shows a null.
    __slots__ = ("__omitted__",)
    __omitted__: frozenset[str]
    __class_name__: ClassVar[str] = ""
    __fields__: ClassVar[tuple[str, ...]] = ()
    __partial__: ClassVar[bool] = False

    def __eq__(self, other: object) -> bool:
        return same_content(self, other) if isinstance(other, Instance) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __plain__(self) -> Any:
        return to_plain(self)

    @recursive_repr()
    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__fields__)
        return f"{self.__class_name__}({inside})"

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process has the same names; the program's own class is not there."""
        fields = {name: getattr(self, name) for name in self.__fields__}
        return _blank, (self.__class_name__, self.__fields__, self.__partial__), fields

    def __setstate__(self, fields: Mapping[str, object]) -> None:
        for name, value in fields.items():
            setattr(self, name, value)

    def __copy__(self) -> Instance:
        return instance_from_fields(type(self), {name: getattr(self, name) for name in self.__fields__})

    def __deepcopy__(self, memo: dict[int, Any]) -> Instance:
        from copy import deepcopy

        made = memo[id(self)] = type(self).__new__(type(self))
        for name in self.__fields__:
            setattr(made, name, deepcopy(getattr(self, name), memo))
        return made


def has_run(instance: Instance) -> bool:
    """Whether the finaliser of the instance has been called before; from now on it has."""
    before = hasattr(instance, FINALISED)
    setattr(instance, FINALISED, True)
    return before


def same_content(left: object, right: object) -> bool:
    """Python's `==` that looks into instances by class name and fields, of any depth; they may hold themselves."""
    pending = [(left, right)]
    seen: set[tuple[int, int]] = set()
    while pending:
        a, b = pending.pop()
        if a is b or (id(a), id(b)) in seen:
            continue
        match a, b:
            case Instance(), Instance() if a.__class_name__ == b.__class_name__:
                pending += ((getattr(a, name), getattr(b, name, None)) for name in a.__fields__)
            case list(), list() if len(a) == len(b):
                pending += zip(a, b, strict=True)
            case dict(), dict() if a.keys() == b.keys():
                pending += ((a[key], b[key]) for key in a)
            case (Instance() | list() | dict(), _) | (_, Instance() | list() | dict()):
                return False
            case _ if a != b:
                return False
        seen.add((id(a), id(b)))
    return True


class EnumValue(PythonFace):
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

    def __plain__(self) -> str:
        return self.name

    def __copy__(self) -> EnumValue:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> EnumValue:
        return self

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
    """A function used as a value. How it is called depends on what it reaches, so the caller asks.

    A `plain` one neither suspends nor needs the context: its code is called as it is.
    """

    name: str
    code: Callable[..., Any]
    suspends: bool
    needs_context: bool
    plain: bool = False

    def __repr__(self) -> str:
        return f"<function {self.name}>"


def linked(cls: type[Instance], name: str, own: str) -> None:
    """Let a field be read and written under the name that an interface demands as well."""
    found = cls.__dict__.get(own)
    slot = found if hasattr(found, "__set__") else None
    setattr(
        cls, name, slot or property(lambda self: getattr(self, own), lambda self, value: setattr(self, own, value))
    )


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
    # What the compiler has written for the class takes the fields in order, in a third of the time.
    if "__init__" in cls.__dict__:
        return cls(*map(fields.get, cls.__fields__))
    made = cls.__new__(cls)
    for name in cls.__fields__:
        setattr(made, name, fields.get(name))
    return made


def _blank(name: str, fields: tuple[str, ...], partial: bool) -> Instance:
    """For unpickling."""
    cls = _known_by_name(name, fields, partial)
    return cls.__new__(cls)


@cache
def _known_by_name(name: str, fields: tuple[str, ...], partial: bool) -> type[Instance]:
    return instance_class(name, fields, partial=partial)


MAX_PARTS = 4_000_000  # of a value as plain data; one that holds a list twice has the parts of that list twice


def to_plain(value: Any) -> Any:
    """Dicts, lists and scalars that `json.dumps` takes; class fields in declared order, partials with nulls.

    Bytes become base64. It may be the `default` of `json.dumps`. Raises `ValueError` for a value that contains
    itself or holds the same so often that it has no end, and `TypeError` for what is no value of a program.
    """
    try:
        return _plain(value, chain(repeat(True, MAX_PARTS), map(_too_many, repeat(True))))
    except RecursionError:
        problem = "contains itself" if contains_itself(value) else "is nested too deeply"
        raise ValueError(f"the value {problem}: it has no plain form") from None


def _too_many(at: bool) -> bool:
    raise ValueError(f"the value has more than {MAX_PARTS:,} parts: it has no plain form")


def _plain(value: Any, parts: Iterator[bool]) -> Any:
    match value:
        case None | str() | bool() | int() | float():
            return value
        case list() | tuple():
            return [_plain(item, parts) for item in compress(value, parts)]
        case dict():
            return {_plain_key(key): _plain(item, parts) for key, item in compress(value.items(), parts)}
        case Instance():
            return {name: _plain(getattr(value, name), parts) for name in compress(value.__fields__, parts)}
        case EnumValue():
            return value.name
        case MediaValue():
            return value.plain()
        case bytes():
            from base64 import b64encode  # which few values need

            return b64encode(value).decode("ascii")
        case Handle() | Opaque() | FunctionValue():
            return repr(value)
        case _:
            return _plain(_taken_apart(value), parts)


def _taken_apart(value: Any) -> Any:
    """What is not of the language, as far as it says by itself what is in it."""
    if hasattr(type(value), "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(type(value), "__dataclass_fields__"):  # of the host, or ours
        return {name: getattr(value, name) for name in type(value).__dataclass_fields__}
    raise TypeError(f"a {type(value).__name__} is no value of a program: it has no plain form")


def beginning(value: Any, most: int) -> str:
    """The first characters of `repr(value)`, and one more to show that there are more; of any depth and size."""
    text, size = [], 0
    open_ones: list[tuple[int, Iterator[str | tuple[Any]]]] = [(id(value), _pieces(value))]
    while open_ones and size <= most:
        piece = next(open_ones[-1][1], None)
        if piece is None:
            open_ones.pop()
            continue
        if isinstance(piece, tuple):
            inside = piece[0]
            if not parts(inside) or all(number != id(inside) for number, _ in open_ones):
                open_ones.append((id(inside), _pieces(inside)))
                continue
            piece = "..."
        text.append(piece)
        size += len(piece)
    return "".join(text)[: most + 1]


def _pieces(value: Any) -> Iterator[str | tuple[Any]]:
    """What `repr` writes of a value, with what lies in it as it is, in a tuple of one."""
    rows: Iterable[tuple[str, Any]]
    match value:
        case list():
            opening, closing, rows = "[", "]", (("", item) for item in value)
        case dict():
            opening, closing, rows = "{", "}", ((f"{key!r}: ", item) for key, item in value.items())
        case Instance():
            opening, closing = f"{value.__class_name__}(", ")"
            rows = ((f"{name}=", getattr(value, name)) for name in value.__fields__)
        case _:
            yield repr(value)
            return
    yield opening
    for at, (label, item) in enumerate(rows):
        yield ", " + label if at else label
        yield (item,)
    yield closing


def parts(value: Any) -> list[Any]:
    """What a list, a map or an instance holds; nothing for any other value."""
    match value:
        case list() | tuple():
            return list(value)
        case dict():
            return list(value.values())
        case Instance():
            return [getattr(value, name) for name in value.__fields__]
        case _:
            return []


def contains_itself(value: Any) -> bool:
    """Whether some way into the value leads back to where it was; of any depth."""
    above: set[int] = set()
    done: set[int] = set()
    work: list[tuple[Any, bool]] = [(value, False)]
    while work:
        current, leaving = work.pop()
        if leaving:
            above.discard(id(current))
            done.add(id(current))
        elif id(current) in above:
            return True
        elif id(current) not in done and (inside := parts(current)):
            above.add(id(current))
            work.append((current, True))
            work += ((part, False) for part in inside)
    return False


def _plain_key(key: object) -> str:
    return key if isinstance(key, str) else str(key)
