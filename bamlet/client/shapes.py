"""What a value of a type looks like in a generated client: final, or as far as a stream has come.

The generator writes shapes as annotations, the client makes values by them: so both always agree. They are those
of BAML's Python client, in one place: `@stream.*` and `@check` become wrappers, defaults and a choice between the
final and the partial class.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from ..records import dataclass
from ..types.schema import Schemas
from ..types.ty import (
    JSON,
    NO_ATTRIBUTES,
    NULL,
    UNKNOWN,
    AliasTy,
    AnnotatedTy,
    ClassTy,
    Constraint,
    EnumTy,
    ListTy,
    LiteralTy,
    MapTy,
    Ty,
    TypeAttributes,
    UnionTy,
    VariantTy,
    bare,
    is_optional,
    members,
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar, media, null or anything at all."""

    ty: Ty


@dataclass(frozen=True, slots=True)
class Choice:
    """Literals, of which a value is one."""

    values: tuple[LiteralTy, ...]


@dataclass(frozen=True, slots=True)
class Enum:
    name: str
    dynamic: bool = False
    only: str | None = None


@dataclass(frozen=True, slots=True)
class Object:
    name: str
    partial: bool


@dataclass(frozen=True, slots=True)
class Named:
    """A recursive alias."""

    name: str
    partial: bool


@dataclass(frozen=True, slots=True)
class Listed:
    item: Shape


@dataclass(frozen=True, slots=True)
class Mapped:
    key: Shape
    value: Shape


@dataclass(frozen=True, slots=True)
class Either:
    members: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Maybe:
    inner: Shape


@dataclass(frozen=True, slots=True)
class Checks:
    """`Checked[…]`, by the names of the checks. A whole value has them, also one that no answer gave."""

    inner: Shape
    names: tuple[str, ...]
    checks: tuple[Constraint, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class State:
    """`StreamState[…]`."""

    inner: Shape


Shape: TypeAlias = Leaf | Choice | Enum | Object | Named | Listed | Mapped | Either | Maybe | Checks | State


class Shapes:
    """The shapes of one program's types."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def final(self, ty: Ty) -> Shape:
        inner, attributes = self._use(ty)
        return _checked(self._plain(inner, partial=False, done=False), attributes, partial=False)

    def partial(self, ty: Ty, *, done: bool = False) -> Shape:
        """A part that may be unfinished, where it cannot be missing: an item, a member of a union, a result."""
        inner, attributes = self._use(ty)
        plain = self._plain(inner, partial=True, done=done or attributes.stream_done)
        shape = _checked(plain, attributes, partial=True)
        return State(shape) if attributes.stream_with_state else shape

    def final_field(self, ty: Ty) -> Shape:
        return self.final(ty)

    def partial_field(self, ty: Ty) -> Shape:
        """A field, which need not have come yet."""
        inner, attributes = self._use(ty)
        shape = self._plain(inner, partial=True, done=attributes.stream_done)
        always = isinstance(shape, Maybe | Listed | Mapped) or self._holds_null(inner)
        if attributes.stream_with_state:
            if not always and not attributes.stream_not_null and not _checks(attributes):
                shape = Maybe(shape)
            shape = _checked(shape, attributes, partial=True)
            if not always and not attributes.stream_not_null and isinstance(shape, Checks):
                shape = Maybe(shape)
            return State(shape)
        shape = _checked(shape, attributes, partial=True)
        return shape if always or attributes.stream_not_null else Maybe(shape)

    def is_open(self, name: str) -> bool:
        """Whether a class may have more than its fields."""
        return self._schemas.classes[name].dynamic

    def partial_fields(self, name: str) -> dict[str, Shape]:
        """Of a class that is shown only when it is whole, all are final."""
        schema = self._schemas.classes[name]
        make = self.final_field if schema.stream_done else self.partial_field
        return {field.name: make(field.ty) for field in schema.fields}

    def final_fields(self, name: str) -> dict[str, Shape]:
        return {field.name: self.final_field(field.ty) for field in self._schemas.classes[name].fields}

    def _use(self, ty: Ty) -> tuple[Ty, TypeAttributes]:
        """A type without the attributes of this use, and all of them: those of its class or enum, too."""
        attributes = NO_ATTRIBUTES
        while isinstance(ty, AnnotatedTy):
            attributes = _both(ty.attributes, attributes)
            ty = ty.inner
        if isinstance(ty, ClassTy):
            schema = self._schemas.classes[ty.name]
            own = TypeAttributes(
                schema.stream_done, schema.stream_not_null, schema.stream_with_state, schema.constraints
            )
            attributes = _both(own, attributes)
        elif isinstance(ty, EnumTy):
            attributes = _both(TypeAttributes(constraints=self._schemas.enums[ty.name].constraints), attributes)
        return ty, attributes

    def _plain(self, ty: Ty, *, partial: bool, done: bool) -> Shape:
        match ty:
            case ClassTy(name="uint8array"):
                return Leaf(ty)  # bytes
            case ClassTy(name=name):
                return Object(name, partial and not done)
            case EnumTy(name=name):
                return Enum(name, self._schemas.enums[name].dynamic)
            case LiteralTy():
                return Choice((ty,))
            case VariantTy(enum=enum, name=name):
                return Enum(enum, only=name)
            case AliasTy() if ty == JSON:
                return Leaf(UNKNOWN)  # it is no type of the program, and JSON is what any value is to a client
            case AliasTy(name=name):
                return Named(name, partial and not done)
            case ListTy(item=item):
                return Listed(self._part(item, partial, done))
            case MapTy(key=key, value=value):
                return Mapped(self._part(key, partial, done), self._part(value, partial, done))
            case UnionTy():
                return self._union(ty, partial, done)
            case _:
                return Leaf(ty)

    def _union(self, ty: UnionTy, partial: bool, done: bool) -> Shape:
        parts = [self._part(member, partial, done) for member in ty.members if bare(member) != NULL]
        flat = dict.fromkeys(_with_choices_together([part for shape in parts for part in _flat(shape)]))
        nullable = flat.pop(_NONE, 0) is None or is_optional(ty)
        if not flat:
            return _NONE
        shape = next(iter(flat)) if len(flat) == 1 else Either(tuple(flat))
        return Maybe(shape) if nullable else shape

    def _part(self, ty: Ty, partial: bool, done: bool) -> Shape:
        return self.partial(ty, done=done) if partial else self.final(ty)

    def _holds_null(self, ty: Ty) -> bool:
        seen: set[str] = set()
        work = [ty]
        while work:
            for member in members(bare(work.pop())):
                inner = bare(member)
                if inner == NULL:
                    return True
                if isinstance(inner, AliasTy) and inner.name not in seen:
                    seen.add(inner.name)
                    work.append(self._schemas.aliases[inner.name])
        return False


_NONE = Leaf(NULL)


def _flat(shape: Shape) -> Iterable[Shape]:
    """A union inside a union is part of it."""
    match shape:
        case Either(members=parts):
            return parts
        case Maybe(inner=inner):
            return (*_flat(inner), _NONE)
        case _:
            return (shape,)


def _with_choices_together(shapes: list[Shape]) -> list[Shape]:
    values = tuple(value for shape in shapes if isinstance(shape, Choice) for value in shape.values)
    together = Choice(tuple(dict.fromkeys(values)))
    return [together if isinstance(shape, Choice) else shape for shape in shapes]


def _checks(attributes: TypeAttributes) -> tuple[Constraint, ...]:
    return tuple(constraint for constraint in attributes.constraints if constraint.kind == "check")


def _checked(shape: Shape, attributes: TypeAttributes, *, partial: bool) -> Shape:
    checks = _checks(attributes)
    names = tuple(dict.fromkeys(check.name or "" for check in checks))
    return Checks(shape, names, checks, partial) if checks else shape


def _both(inner: TypeAttributes, outer: TypeAttributes) -> TypeAttributes:
    return TypeAttributes(
        inner.stream_done or outer.stream_done,
        inner.stream_not_null or outer.stream_not_null,
        inner.stream_with_state or outer.stream_with_state,
        (*inner.constraints, *outer.constraints),
    )
