"""A type as the parser wants it: names resolved, keys folded, attributes at hand.

Targets are made on first use, once for each type of a parser, so a recursive type is a cycle of targets.
They compare by identity: memos are keyed on them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..records import dataclass, field
from ..types.schema import EnumMember, Schemas
from ..types.show import show
from ..types.ty import (
    BOOL,
    FLOAT,
    INT,
    STRING,
    AliasTy,
    AnnotatedTy,
    ClassTy,
    Constraint,
    EnumTy,
    ListTy,
    LiteralTy,
    MapTy,
    MediaTy,
    PrimitiveTy,
    Ty,
    TypeAttributes,
    UnionTy,
    UnknownTy,
    VariantTy,
)
from .words import Words, fold_key

_NO_ATTRIBUTES = TypeAttributes()


@dataclass(eq=False, slots=True, kw_only=True)
class Target:
    """`done`, `not_null` and `with_state` are the stream attributes of this use of the type; of a `strict` one
    nothing may be lost.

    `optional` says that null is a value of the type, `defaulted` that an absent value is no error.
    """

    name: str
    optional: bool = False
    defaulted: bool = False
    done: bool = False
    not_null: bool = False
    with_state: bool = False
    strict: bool = False
    constraints: tuple[Constraint, ...] = ()

    def empty(self) -> Any:
        """What stands for a value of which there is no text yet."""
        return None


@dataclass(eq=False, slots=True, kw_only=True)
class ScalarTarget(Target):
    kind: Literal["int", "float", "string", "bool"]


@dataclass(eq=False, slots=True, kw_only=True)
class MediaTarget(Target):
    """No text makes a picture or a sound."""


@dataclass(eq=False, slots=True, kw_only=True)
class NullTarget(Target):
    pass


@dataclass(eq=False, slots=True, kw_only=True)
class EnumTarget(Target):
    enum: str
    words: Words


@dataclass(eq=False, slots=True, kw_only=True)
class LiteralTarget(Target):
    value: str | int | bool
    words: Words


@dataclass(eq=False, slots=True)
class FieldTarget:
    """`key` is what a model sees, the alias or the name. `defaulted`: the field may be missing. A recursive alias
    hides that null is among its variants."""

    name: str
    key: str
    target: Target
    defaulted: bool


@dataclass(eq=False, slots=True, kw_only=True)
class ClassTarget(Target):
    schema: str
    fields: tuple[FieldTarget, ...] = ()
    by_key: dict[str, FieldTarget] = field(default_factory=dict)

    def find(self, key: str) -> FieldTarget | None:
        found = self.by_key.get(key)
        return found if found is not None else self.by_key.get(fold_key(key))


@dataclass(eq=False, slots=True, kw_only=True)
class ListTarget(Target):
    item: Target

    def empty(self) -> Any:
        return []


@dataclass(eq=False, slots=True, kw_only=True)
class MapTarget(Target):
    key: Target
    value: Target

    def empty(self) -> Any:
        return {}


@dataclass(eq=False, slots=True, kw_only=True)
class UnionTarget(Target):
    """`variants` leaves out null, for which `optional` stands.

    Found when they are first asked for: the `exact` ones are those that fit a kind of node, the `flat` ones are
    all, with those of unions within.
    """

    variants: tuple[Target, ...] = ()
    exact: dict[type, tuple[Target, ...]] = field(default_factory=dict)
    flat: tuple[Target, ...] = ()

    @property
    def takes_anything(self) -> bool:
        """Whether values of every kind are welcome: scalars and null, lists and maps."""
        kinds = {variant.kind for variant in self.variants if isinstance(variant, ScalarTarget)}
        containers = {type(variant) for variant in self.variants}
        return self.optional and {"string", "bool"} <= kinds and {ListTarget, MapTarget} <= containers


def targets_of(schemas: Schemas, *, plain: bool = False) -> Targets:
    """The targets of a program's types, which every parser of the program shares."""
    key = ("targets", plain)
    known: Targets | None = schemas.derived.get(key)
    if known is None:
        known = schemas.derived[key] = Targets(schemas, plain=plain)
    return known


class Targets:
    """The targets of one set of schemas. `plain` ones have no stream attributes."""

    def __init__(self, schemas: Schemas, *, plain: bool = False) -> None:
        self._schemas = schemas
        self._plain = plain
        self._made: dict[tuple[Ty, TypeAttributes], Target] = {}
        self.plain: dict[Target, Any] = {}  # what `plain_readers` makes of them

    def target(self, ty: Ty, attributes: TypeAttributes = _NO_ATTRIBUTES) -> Target:
        """The target of a type that is used with these attributes."""
        while isinstance(ty, AnnotatedTy):
            attributes = _both(ty.attributes, attributes)
            ty = ty.inner
        known = self._made.get((ty, attributes))
        return known if known is not None else _MAKE[type(ty)](self, ty, attributes)

    def _keep(self, ty: Ty, attributes: TypeAttributes, target: Target) -> None:
        """Known before its parts are made: the parts may name the whole."""
        self._made[ty, attributes] = target
        target.done = attributes.stream_done and not self._plain
        target.not_null = attributes.stream_not_null and not self._plain
        target.with_state = attributes.stream_with_state and not self._plain
        target.strict = attributes.strict
        target.constraints = attributes.constraints

    def _scalar(self, ty: PrimitiveTy, attributes: TypeAttributes) -> Target:
        target: Target
        if ty.name == "null":
            target = NullTarget(name="null", optional=True, defaulted=True)
        else:
            target = ScalarTarget(name=ty.name, kind=ty.name)
        self._keep(ty, attributes, target)
        return target

    def _media(self, ty: MediaTy, attributes: TypeAttributes) -> Target:
        target = MediaTarget(name=show(ty))
        self._keep(ty, attributes, target)
        return target

    def _literal(self, ty: LiteralTy, attributes: TypeAttributes) -> Target:
        text = str(ty.value)
        target = LiteralTarget(name=show(ty), value=ty.value, words=Words({text: (text,)}))
        self._keep(ty, attributes, target)
        return target

    def _enum(self, ty: EnumTy | VariantTy, attributes: TypeAttributes) -> Target:
        schema = self._schemas.enums[ty.name if isinstance(ty, EnumTy) else ty.enum]
        only = None if isinstance(ty, EnumTy) else ty.name
        words = Words({member.name: _texts(member) for member in schema.members if _is_allowed(member, only)})
        target = EnumTarget(name=show(ty), enum=schema.name, words=words)
        self._keep(ty, attributes, target)
        target.constraints = (*schema.constraints, *attributes.constraints)
        return target

    def _class(self, ty: ClassTy, attributes: TypeAttributes) -> Target:
        schema = self._schemas.classes[ty.name]
        target = ClassTarget(name=ty.name, schema=ty.name)
        self._keep(ty, attributes, target)
        if not self._plain:
            target.done = target.done or schema.stream_done
            target.not_null = target.not_null or schema.stream_not_null
            target.with_state = target.with_state or schema.stream_with_state
        target.constraints = (*schema.constraints, *attributes.constraints)
        fields = []
        for described in schema.fields:
            if not described.skip:
                wanted = self.target(described.ty)
                defaulted = wanted.defaulted and not _is_recursive_alias(described.ty)
                key = described.alias or described.name
                entry = FieldTarget(described.name, key, wanted, defaulted)
                fields.append(entry)
                target.by_key.setdefault(key, entry)
                target.by_key.setdefault(fold_key(key), entry)
        target.fields = tuple(fields)
        return target

    def _list(self, ty: ListTy, attributes: TypeAttributes) -> Target:
        target = ListTarget(name=show(ty), defaulted=True, item=_UNMADE)
        self._keep(ty, attributes, target)
        target.item = self.target(ty.item)
        return target

    def _map(self, ty: MapTy, attributes: TypeAttributes) -> Target:
        target = MapTarget(name=show(ty), defaulted=True, key=_UNMADE, value=_UNMADE)
        self._keep(ty, attributes, target)
        target.key = self.target(ty.key)
        target.value = self.target(ty.value)
        return target

    def _union(self, ty: UnionTy, attributes: TypeAttributes) -> Target:
        target = UnionTarget(name=show(ty))
        self._keep(ty, attributes, target)
        variants: list[Target] = []
        for member in ty.members:
            variant = self.target(member)
            if isinstance(variant, NullTarget):
                target.optional = target.defaulted = True
            else:
                variants.append(variant)
        target.variants = tuple(variants)
        return target

    def _alias(self, ty: AliasTy, attributes: TypeAttributes) -> Target:
        return self.target(self._schemas.aliases[ty.name], attributes)

    def _unknown(self, ty: UnknownTy, attributes: TypeAttributes) -> Target:
        """Anything at all: the reading as it is."""
        target = UnionTarget(name=show(ty), optional=True, defaulted=True)
        self._keep(ty, attributes, target)
        scalars = [self.target(scalar) for scalar in (INT, FLOAT, BOOL, STRING)]
        listed = ListTarget(name="unknown[]", defaulted=True, item=target)
        mapped = MapTarget(name="map", defaulted=True, key=self.target(STRING), value=target)
        target.variants = (*scalars, listed, mapped)
        return target


def takes_scalars(target: Target) -> bool:
    """Whether a list of scalars can be read as this: else `[1` in prose is a footnote."""
    seen: set[Target] = set()
    work = [target]
    while work:
        target = work.pop()
        if target in seen or isinstance(target, MapTarget):
            continue
        seen.add(target)
        if isinstance(target, UnionTarget):
            work += target.variants
        elif isinstance(target, ListTarget):
            work.append(target.item)
        elif isinstance(target, ClassTarget):
            if len(target.fields) == 1:
                work.append(target.fields[0].target)
        else:
            return True
    return False


def parts_of(target: Target) -> tuple[Target, ...]:
    """The targets right below: of items, of entries and their keys, of fields, of variants."""
    match target:
        case ListTarget(item=item):
            return (item,)
        case MapTarget(key=key, value=value):
            return (key, value)
        case ClassTarget(fields=fields):
            return tuple(entry.target for entry in fields)
        case UnionTarget(variants=variants):
            return variants
        case _:
            return ()


def only_class(target: Target) -> Target:
    """The class of an optional class; any other target as it is."""
    if isinstance(target, UnionTarget) and len(target.variants) == 1:
        only = target.variants[0]
        return only if isinstance(only, ClassTarget) else target
    return target


def _both(inner: TypeAttributes, outer: TypeAttributes) -> TypeAttributes:
    return TypeAttributes(
        stream_done=inner.stream_done or outer.stream_done,
        stream_not_null=inner.stream_not_null or outer.stream_not_null,
        stream_with_state=inner.stream_with_state or outer.stream_with_state,
        strict=inner.strict or outer.strict,
        constraints=(*inner.constraints, *outer.constraints),
    )


def _is_recursive_alias(ty: Ty) -> bool:
    """Only recursive aliases still have their name."""
    while isinstance(ty, AnnotatedTy):
        ty = ty.inner
    return isinstance(ty, AliasTy)


def _is_allowed(member: EnumMember, only: str | None) -> bool:
    return not member.skip and only in (None, member.name)


def _texts(member: EnumMember) -> tuple[str, ...]:
    """What may stand for a member: an alias hides its name."""
    shown = member.alias or member.name
    if member.description is None:
        return (shown,)
    return (shown, member.description, f"{shown}: {member.description}")


_UNMADE = Target(name="")

_MAKE: dict[type, Callable[[Targets, Any, TypeAttributes], Target]] = {
    PrimitiveTy: Targets._scalar,
    MediaTy: Targets._media,
    LiteralTy: Targets._literal,
    EnumTy: Targets._enum,
    VariantTy: Targets._enum,
    ClassTy: Targets._class,
    ListTy: Targets._list,
    MapTy: Targets._map,
    UnionTy: Targets._union,
    AliasTy: Targets._alias,
    UnknownTy: Targets._unknown,
}
