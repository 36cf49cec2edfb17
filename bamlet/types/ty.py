"""The type algebra: what a type of the language is, as frozen values that compare by content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from ..records import dataclass, field


@dataclass(frozen=True, slots=True)
class PrimitiveTy:
    name: Literal["int", "float", "string", "bool", "null"]


@dataclass(frozen=True, slots=True)
class MediaTy:
    kind: Literal["image", "audio", "pdf", "video"]


@dataclass(frozen=True, slots=True)
class UnknownTy:
    """The top type: every value has it, nothing can be done with it but look at what it is."""


@dataclass(frozen=True, slots=True)
class NeverTy:
    """The type of an expression that does not come back."""


@dataclass(frozen=True, slots=True)
class ErrorTy:
    """A type that is already wrong. It agrees with everything, so one mistake gives one message."""


@dataclass(frozen=True, slots=True)
class LiteralTy:
    """`base` keeps `true` and `1` apart, which Python calls equal."""

    base: Literal["string", "int", "bool"]
    value: str | int | bool


@dataclass(frozen=True, slots=True)
class EnumTy:
    name: str


@dataclass(frozen=True, slots=True)
class VariantTy:
    """One value of an enum: the type of `Mood.Happy`."""

    enum: str
    name: str


@dataclass(frozen=True, slots=True)
class ClassTy:
    """`args` are for the type parameters of the class, in order."""

    name: str
    args: tuple[Ty, ...] = ()


@dataclass(frozen=True, slots=True)
class InterfaceTy:
    """Whatever implements it. `bindings` say what the types are that each implementation names, by their names."""

    name: str
    args: tuple[Ty, ...] = ()
    bindings: tuple[tuple[str, Ty], ...] = ()


@dataclass(frozen=True, slots=True)
class ParameterTy:
    """A type parameter where it is declared: one type, of which no more is known than its bounds.

    `T.Item` is the type that belongs to T by one of its bounds. Bounds may speak of the parameter itself, so its
    name alone tells it from others.
    """

    name: str
    bounds: tuple[Ty, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class AliasTy:
    """A recursive alias, by name. Other aliases are expanded where they are resolved."""

    name: str


@dataclass(frozen=True, slots=True)
class ListTy:
    item: Ty


@dataclass(frozen=True, slots=True)
class MapTy:
    key: Ty
    value: Ty


@dataclass(frozen=True, slots=True)
class UnionTy:
    """At least two members, flat and without repeats; build it with `union`."""

    members: tuple[Ty, ...]


@dataclass(frozen=True, slots=True)
class FunctionTy:
    """`throws` is what a call may throw. A type as written does not say, so that may be anything."""

    params: tuple[Ty, ...]
    result: Ty
    throws: Ty = UnknownTy()


@dataclass(frozen=True, slots=True)
class FutureTy:
    """What a task will give, and what it may throw instead. Nobody can change it, so it varies with both."""

    value: Ty
    error: Ty


@dataclass(frozen=True, slots=True)
class VariableTy:
    """A type that a call has to find out. Checking the call replaces it; no value ever has it."""

    name: str


@dataclass(frozen=True, slots=True)
class Constraint:
    """`@check(name, {{ expression }})` or `@assert(name?, {{ expression }})`."""

    kind: Literal["check", "assert"]
    name: str | None
    expression: str


@dataclass(frozen=True, slots=True)
class TypeAttributes:
    """What `@stream.*`, `@check`, `@assert` and `@strict` say about a type."""

    stream_done: bool = False
    stream_not_null: bool = False
    stream_with_state: bool = False
    constraints: tuple[Constraint, ...] = ()
    strict: bool = False


NO_ATTRIBUTES = TypeAttributes()


@dataclass(frozen=True, slots=True)
class AnnotatedTy:
    """A type with attributes. Relations look through it; streaming and parsing look at it."""

    inner: Ty
    attributes: TypeAttributes


Ty: TypeAlias = (
    PrimitiveTy
    | MediaTy
    | UnknownTy
    | NeverTy
    | ErrorTy
    | LiteralTy
    | EnumTy
    | VariantTy
    | ClassTy
    | InterfaceTy
    | ParameterTy
    | AliasTy
    | ListTy
    | MapTy
    | UnionTy
    | FunctionTy
    | FutureTy
    | VariableTy
    | AnnotatedTy
)

INT = PrimitiveTy("int")
FLOAT = PrimitiveTy("float")
STRING = PrimitiveTy("string")
BOOL = PrimitiveTy("bool")
NULL = PrimitiveTy("null")
DURATION = ClassTy("baml.time.Duration")
JSON = AliasTy("baml.json.json")  # the second edition calls it `json`
UNKNOWN = UnknownTy()
NEVER = NeverTy()
ERROR = ErrorTy()

PRIMITIVES: dict[str, Ty] = {ty.name: ty for ty in (INT, FLOAT, STRING, BOOL, NULL)}
MEDIA: dict[str, Ty] = {
    "image": MediaTy("image"),
    "audio": MediaTy("audio"),
    "pdf": MediaTy("pdf"),
    "video": MediaTy("video"),
}


def literal(value: str | int | bool) -> LiteralTy:
    if isinstance(value, bool):
        return LiteralTy("bool", value)
    return LiteralTy("int", value) if isinstance(value, int) else LiteralTy("string", value)


def union(members: Iterable[Ty]) -> Ty:
    """The union of the members: flattened, repeats and `never` dropped, in first-seen order."""
    flat: dict[Ty, None] = {}
    for member in members:
        for part in member.members if isinstance(member, UnionTy) else (member,):
            if not isinstance(part, NeverTy):
                flat[part] = None
    if not flat:
        return NEVER
    if len(flat) == 1:
        return next(iter(flat))
    return UnionTy(tuple(flat))


def optional(ty: Ty) -> Ty:
    return union((ty, NULL))


def members(ty: Ty) -> tuple[Ty, ...]:
    """The members of a union, or the type itself as the only one."""
    return ty.members if isinstance(ty, UnionTy) else (ty,)


def bare(ty: Ty) -> Ty:
    """The type without the attributes around it."""
    while isinstance(ty, AnnotatedTy):
        ty = ty.inner
    return ty


def is_optional(ty: Ty) -> bool:
    return any(bare(member) == NULL for member in members(bare(ty)))


def without_null_members(ty: Ty) -> tuple[Ty, ...]:
    """The members of a type that are not null, without their attributes."""
    return tuple(plain for member in members(bare(ty)) if (plain := bare(member)) != NULL)
