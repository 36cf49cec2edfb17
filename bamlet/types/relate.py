"""How types relate: whether a value of one may stand where another is wanted, and what two have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto

from ..records import dataclass, field
from .sets import MANY, MemberSets, is_alone
from .ty import (
    BOOL,
    ERROR,
    FLOAT,
    INT,
    NEVER,
    STRING,
    AliasTy,
    AnnotatedTy,
    ClassTy,
    EnumTy,
    ErrorTy,
    FunctionTy,
    FutureTy,
    InterfaceTy,
    ListTy,
    LiteralTy,
    MapTy,
    NeverTy,
    ParameterTy,
    Ty,
    UnionTy,
    UnknownTy,
    VariantTy,
    bare,
    members,
    union,
    without_null_members,
)

_HOLDERS = (ListTy, MapTy, ClassTy, InterfaceTy, ParameterTy, UnknownTy, ErrorTy)
_BASES: dict[str, Ty] = {"string": STRING, "int": INT, "bool": BOOL}


class _Use(Enum):
    """What becomes of a value: it is stored elsewhere, it stays inside of what is stored, or it is tested once."""

    STORED = auto()
    SHARED = auto()
    TESTED = auto()


class Views:
    """What a program's declarations say of its classes and interfaces: of none, nothing."""

    def of(self, relation: Relation, ty: Ty, name: str) -> InterfaceTy | None:
        """The interface of that name as the type implements it, or demands it of those that do."""
        return None

    def varies(self, name: str) -> tuple[bool, ...]:
        """Of each type parameter of a class: whether a value with less may stand where one with more is wanted."""
        return ()

    def varies_by(self, interface: str) -> frozenset[str]:
        """The same of the types that implementations of an interface name."""
        return frozenset()


@dataclass(slots=True)
class Relation:
    """Subtyping under a table of recursive aliases and the values of each enum."""

    aliases: Mapping[str, Ty] = field(default_factory=dict)
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    views: Views = field(default_factory=Views)
    _assumed: set[tuple[Ty, Ty, _Use]] = field(default_factory=set)
    _sets: MemberSets = field(default_factory=MemberSets)

    def expand(self, ty: Ty) -> Ty:
        """The type without attributes and alias names at its top."""
        while isinstance(ty, AnnotatedTy | AliasTy):
            # One that is missing stands for itself, which has been reported.
            ty = ty.inner if isinstance(ty, AnnotatedTy) else self.aliases.get(ty.name, ERROR)
        return ty

    def members(self, ty: Ty) -> tuple[Ty, ...]:
        """The members of a union without attributes, those behind alias names included."""
        whole = self.expand(ty)
        if not isinstance(whole, UnionTy):
            return (whole,)
        if not [member for member in whole.members if isinstance(member, (AnnotatedTy, AliasTy))]:
            return whole.members
        return tuple(part for member in whole.members for part in self.members(member))

    def may_hold_values(self, ty: Ty) -> bool:
        """Whether a value of the type may be a list, a map or an object, which hold others."""
        return any(isinstance(member, _HOLDERS) for member in self.members(ty))

    def is_subtype(self, sub: Ty, sup: Ty) -> bool:
        """Whether every value of `sub` may be used as a `sup`, an int being made a float where that is wanted."""
        return self._holds(sub, sup, _Use.STORED)

    def is_usable(self, sub: Ty, sup: Ty) -> bool:
        """The same for what cannot be made a float on the way: what lies in a container or behind a function."""
        return self._holds(sub, sup, _Use.SHARED)

    def is_part(self, sub: Ty, sup: Ty) -> bool:
        """Whether every value of `sub` is a `sup` as it stands now, so that a test at run time would say so."""
        return self._holds(sub, sup, _Use.TESTED)

    def _holds(self, sub: Ty, sup: Ty, use: _Use) -> bool:
        one, other = bare(sub), bare(sup)
        if one == other or (self._assumed and (one, other, use) in self._assumed):
            return True
        if not isinstance(one, AliasTy) and not isinstance(other, AliasTy):
            return self._structural(one, other, use)
        # A recursive pair holds as long as nothing inside contradicts it.
        self._assumed.add((one, other, use))
        try:
            return self._structural(self.expand(one), self.expand(other), use)
        finally:
            self._assumed.discard((one, other, use))

    def _structural(self, sub: Ty, sup: Ty, use: _Use) -> bool:
        if isinstance(sub, ErrorTy | NeverTy) or isinstance(sup, ErrorTy | UnknownTy):
            return True
        if isinstance(sub, UnionTy):
            return all(self._holds(member, sup, use) for member in sub.members)
        if isinstance(sup, UnionTy):
            return self._fits_union(sub, sup, use)
        match sub, sup:
            case LiteralTy(), _:
                return self._holds(_BASES[sub.base], sup, use)
            case VariantTy(), EnumTy():
                return sub.enum == sup.name
            case ListTy(), ListTy():
                return self._fits_content(sub.item, sup.item, use)
            case MapTy(), MapTy():
                return self._same_key(sub, sup) and self._fits_content(sub.value, sup.value, use)
            case FunctionTy(), FunctionTy():
                return self._fits_function(sub, sup)
            case ClassTy(), ClassTy() if sub.name == sup.name:
                return self._fits_arguments(sub, sup)
            case ParameterTy(), _ if any(self._holds(bound, sup, use) for bound in sub.bounds):
                return True
            case _, InterfaceTy():
                return self._fits_interface(sub, sup)
            case FutureTy(), FutureTy():
                return self.is_usable(sub.value, sup.value) and self.is_usable(sub.error, sup.error)
            case _:
                return use is _Use.STORED and sub == INT and sup == FLOAT

    def _fits_content(self, sub: Ty, sup: Ty, use: _Use) -> bool:
        """Who has a list under a wider type could put in what others do not expect, so it must hold just the same.

        An empty one of which nothing else is known has no others.
        """
        if use is _Use.TESTED or isinstance(sub, NeverTy):
            return self.is_part(sub, sup)
        return self.is_usable(sub, sup) and self.is_usable(sup, sub)

    def _fits_union(self, sub: Ty, sup: UnionTy, use: _Use) -> bool:
        wide = sup.members if len(sup.members) < MANY else self._sets.of(sup).holding(sub)
        if any(self._holds(sub, member, use) for member in wide):
            return True
        # A bool is one of its two literals, an enum value one of its variants.
        parts = self.parts(sub)
        return len(parts) > 1 and all(self._holds(part, sup, use) for part in parts)

    def parts(self, ty: Ty) -> tuple[Ty, ...]:
        """A finite type as the union of its single values; any other as itself."""
        if ty == BOOL:
            return (LiteralTy("bool", True), LiteralTy("bool", False))
        if isinstance(ty, EnumTy):
            return tuple(VariantTy(ty.name, name) for name in self.variants.get(ty.name, ()))
        return (ty,)

    def _same_key(self, sub: MapTy, sup: MapTy) -> bool:
        """Keys do not vary: who holds the wider type could put in what the other does not know."""
        if sub.value == NEVER:  # `{}`, which has no keys yet
            return True
        return self.is_part(sub.key, sup.key) and self.is_part(sup.key, sub.key)

    def _fits_function(self, sub: FunctionTy, sup: FunctionTy) -> bool:
        return (
            len(sub.params) == len(sup.params)
            and all(self.is_usable(theirs, ours) for ours, theirs in zip(sub.params, sup.params, strict=True))
            and self.is_usable(sub.result, sup.result)
            and self.is_usable(sub.throws, sup.throws)
        )

    def _fits_arguments(self, sub: ClassTy, sup: ClassTy) -> bool:
        """Where something of a type parameter's type can be put in, it must be just the same."""
        ways = self.views.varies(sub.name)
        return len(sub.args) == len(sup.args) and all(
            self.is_usable(ours, theirs) and (varies or self.is_usable(theirs, ours))
            for ours, theirs, varies in zip(sub.args, sup.args, ways, strict=True)
        )

    def _fits_interface(self, sub: Ty, sup: InterfaceTy) -> bool:
        view = self.as_interface(sub, sup.name)
        if view is None:
            return False
        known = dict(view.bindings)
        same = (self.is_usable(a, b) and self.is_usable(b, a) for a, b in zip(view.args, sup.args, strict=True))
        varying = self.views.varies_by(sup.name)
        return all(same) and all(
            key in known
            and self.is_usable(known[key], wanted)
            and (key in varying or self.is_usable(wanted, known[key]))
            for key, wanted in sup.bindings
        )

    def as_interface(self, ty: Ty, name: str) -> InterfaceTy | None:
        """The interface of that name as a value of the type has it, if it does."""
        if isinstance(ty, ParameterTy):
            return next(filter(None, (self.as_interface(bound, name) for bound in ty.bounds)), None)
        if isinstance(ty, InterfaceTy) and ty.name == name:
            return ty
        return self.views.of(self, literal_bases(enum_of(ty)), name)

    def join(self, types: Iterable[Ty]) -> Ty:
        """The union of the types without members that another member already holds."""
        flat: dict[Ty, None] = {}
        wide: dict[Ty, None] = {}  # what stands alone holds nothing else
        for ty in map(bare, types):
            if isinstance(ty, UnionTy):
                whole = self._sets.of(ty)
                flat |= whole.all
                wide |= dict.fromkeys(whole.others)
            elif not isinstance(ty, NeverTy):
                flat[ty] = None
                if not is_alone(ty):
                    wide[ty] = None
        if any(isinstance(ty, ErrorTy) for ty in wide):
            return ERROR
        gone: set[Ty] = set()
        for ty in flat if wide and len(flat) > 1 else ():
            if any(other is not ty and other not in gone and self.is_usable(ty, other) for other in wide):
                gone.add(ty)
        left = {ty: None for ty in flat if ty not in gone} if gone else flat
        return self._sets.union(left, tuple([ty for ty in wide if ty in left]))

    def without(self, ty: Ty, gone: Ty) -> Ty:
        """The members of `ty` that are not a `gone`."""
        whole, parts = self.expand(ty), members(bare(gone))
        if isinstance(whole, UnionTy) and len(whole.members) >= MANY and all(map(is_alone, parts)):
            known = self._sets.of(whole)
            if all(self.without(other, gone) == other for other in known.others):
                return self._sets.without(known, parts)
        kept: list[Ty] = []
        for member in self.members(whole):
            values = self.parts(member)
            rest = [value for value in values if not self.is_part(value, gone) or isinstance(value, ErrorTy)]
            kept += [member] if len(rest) == len(values) else rest
        return union(kept)

    def touched(self, ty: Ty, found: Ty) -> Ty:
        """The members of `ty` that hold one of `found`, or are held by one."""
        parts = self.members(found)
        whole = self.members(ty)
        if len(whole) >= MANY and isinstance(ty, UnionTy) and whole is ty.members and all(map(is_alone, parts)):
            known = self._sets.of(ty)
            whole = tuple(dict.fromkeys([*(part for part in parts if part in known.all), *known.others]))
        same = frozenset(parts)  # nearly all members of two large unions: not each with each
        return union(
            member
            for member in whole
            if member in same or any(self.is_part(part, member) or self.is_part(member, part) for part in parts)
        )

    def overlap(self, ty: Ty, wanted: Ty) -> Ty:
        """What a value of `ty` can be once it is known to be a `wanted`."""
        whole, parts = self.expand(ty), members(bare(wanted))
        if isinstance(whole, UnionTy) and len(whole.members) >= MANY:
            if all(is_alone(part) or part == FLOAT for part in parts):
                known = self._sets.of(whole)
                found = (part for part in parts if part in known.all)
                return union([*found, *(self.overlap(other, wanted) for other in known.others)])
        kept: list[Ty] = []
        for member in self.members(whole):
            if isinstance(member, UnknownTy | ErrorTy) or (
                isinstance(member, ParameterTy) and not self.is_part(member, wanted)
            ):
                return member if isinstance(wanted, UnknownTy) else wanted
            if self.is_part(member, wanted):
                kept.append(member)
            else:
                kept += [
                    part for part in self.members(wanted) if self.is_part(part, member) or _may_meet(part, member)
                ]
        return union(kept)


def _may_meet(one: Ty, other: Ty) -> bool:
    """Of two interfaces nobody knows whether some class implements both."""
    return isinstance(one, InterfaceTy) and isinstance(other, InterfaceTy)


def enum_of(ty: Ty) -> Ty:
    return EnumTy(ty.enum) if isinstance(ty, VariantTy) else ty


def widen_literals(ty: Ty) -> Ty:
    """What a variable holds whose first value is a literal: any value of the literal's base.

    For a function it is any that takes and gives the same, whatever it throws.
    """
    plain = bare(ty)
    if not [member for member in members(plain) if isinstance(member, (LiteralTy, VariantTy, FunctionTy))]:
        return plain
    parts: list[Ty] = []
    for member in members(plain):
        if isinstance(member, LiteralTy):
            parts.append(_BASES[member.base])
        elif isinstance(member, VariantTy):
            parts.append(EnumTy(member.enum))
        elif isinstance(member, FunctionTy):
            parts.append(FunctionTy(member.params, member.result))
        else:
            parts.append(member)
    return union(parts)


def literal_bases(ty: Ty) -> Ty:
    """The type with the base of each literal in its place; values of enums stay."""
    plain = bare(ty)
    if not [member for member in members(plain) if isinstance(member, LiteralTy)]:
        return plain
    return union(_BASES[m.base] if isinstance(m, LiteralTy) else m for m in members(plain))


def without_null(ty: Ty) -> Ty:
    return union(without_null_members(ty))
