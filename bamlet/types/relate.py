"""How types relate: whether a value of one may stand where another is wanted, and what two have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .ty import (
    BOOL,
    FLOAT,
    INT,
    STRING,
    AliasTy,
    AnnotatedTy,
    EnumTy,
    ErrorTy,
    FunctionTy,
    ListTy,
    LiteralTy,
    MapTy,
    NeverTy,
    Ty,
    UnionTy,
    UnknownTy,
    VariantTy,
    bare,
    members,
    union,
    without_null_members,
)

_BASES: dict[str, Ty] = {"string": STRING, "int": INT, "bool": BOOL}


@dataclass(slots=True)
class Relation:
    """Subtyping under a table of recursive aliases and the values of each enum."""

    aliases: Mapping[str, Ty] = field(default_factory=dict)
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _assumed: set[tuple[Ty, Ty]] = field(default_factory=set)

    def expand(self, ty: Ty) -> Ty:
        """The type without attributes and alias names at its top."""
        while isinstance(ty, AnnotatedTy | AliasTy):
            ty = ty.inner if isinstance(ty, AnnotatedTy) else self.aliases[ty.name]
        return ty

    def is_subtype(self, sub: Ty, sup: Ty) -> bool:
        """Whether every value of `sub` may be used as a `sup`."""
        pair = (bare(sub), bare(sup))
        if pair[0] == pair[1] or pair in self._assumed:
            return True
        if not any(isinstance(ty, AliasTy) for ty in pair):
            return self._structural(*pair)
        # A recursive pair holds as long as nothing inside contradicts it.
        self._assumed.add(pair)
        try:
            return self._structural(self.expand(sub), self.expand(sup))
        finally:
            self._assumed.discard(pair)

    def _structural(self, sub: Ty, sup: Ty) -> bool:
        if isinstance(sub, ErrorTy | NeverTy) or isinstance(sup, ErrorTy | UnknownTy):
            return True
        if isinstance(sub, UnionTy):
            return all(self.is_subtype(member, sup) for member in sub.members)
        if isinstance(sup, UnionTy):
            return self._fits_union(sub, sup)
        match sub, sup:
            case LiteralTy(), _:
                return self.is_subtype(_BASES[sub.base], sup)
            case VariantTy(), EnumTy():
                return sub.enum == sup.name
            case ListTy(), ListTy():
                return self.is_subtype(sub.item, sup.item)
            case MapTy(), MapTy():
                return self._same_key(sub.key, sup.key) and self.is_subtype(sub.value, sup.value)
            case FunctionTy(), FunctionTy():
                return self._fits_function(sub, sup)
            case _:
                return sub == INT and sup == FLOAT

    def _fits_union(self, sub: Ty, sup: UnionTy) -> bool:
        if any(self.is_subtype(sub, member) for member in sup.members):
            return True
        # A bool is one of its two literals, an enum value one of its variants.
        parts = self.parts(sub)
        return len(parts) > 1 and all(self.is_subtype(part, sup) for part in parts)

    def parts(self, ty: Ty) -> tuple[Ty, ...]:
        """A finite type as the union of its single values; any other as itself."""
        if ty == BOOL:
            return (LiteralTy("bool", True), LiteralTy("bool", False))
        if isinstance(ty, EnumTy):
            return tuple(VariantTy(ty.name, name) for name in self.variants.get(ty.name, ()))
        return (ty,)

    def _same_key(self, sub: Ty, sup: Ty) -> bool:
        # The key of `{}` is not known yet; a literal map's keys are plain strings.
        return self.is_subtype(sub, sup)

    def _fits_function(self, sub: FunctionTy, sup: FunctionTy) -> bool:
        return (
            len(sub.params) == len(sup.params)
            and all(self.is_subtype(theirs, ours) for ours, theirs in zip(sub.params, sup.params, strict=True))
            and self.is_subtype(sub.result, sup.result)
        )

    def join(self, types: Iterable[Ty]) -> Ty:
        """The union of the types without members that another member already holds."""
        flat = members(union(bare(ty) for ty in types))
        if any(isinstance(ty, ErrorTy) for ty in flat):
            return ErrorTy()
        kept: list[Ty] = []
        for at, ty in enumerate(flat):
            others = [*kept, *flat[at + 1 :]]
            if not any(other != FLOAT and self.is_subtype(ty, other) for other in others):
                kept.append(ty)
        return union(kept)

    def without(self, ty: Ty, gone: Ty) -> Ty:
        """The members of `ty` that are not a `gone`."""
        kept: list[Ty] = []
        for member in members(self.expand(ty)):
            parts = self.parts(bare(member))
            rest = [part for part in parts if not self.is_subtype(part, gone) or isinstance(part, ErrorTy)]
            kept += [member] if len(rest) == len(parts) else rest
        return union(kept)

    def overlap(self, ty: Ty, wanted: Ty) -> Ty:
        """What a value of `ty` can be once it is known to be a `wanted`."""
        whole = self.expand(ty)
        if isinstance(whole, UnknownTy | ErrorTy):
            return wanted
        kept: list[Ty] = []
        for member in members(whole):
            if self.is_subtype(member, wanted) and not (member == INT and bare(wanted) == FLOAT):
                kept.append(member)
            else:
                kept += [part for part in members(self.expand(wanted)) if self.is_subtype(part, member)]
        return union(kept)


def widen_literals(ty: Ty) -> Ty:
    """What a variable holds whose first value is a literal: any value of the literal's base."""
    parts: list[Ty] = []
    for member in members(bare(ty)):
        if isinstance(member, LiteralTy):
            parts.append(_BASES[member.base])
        elif isinstance(member, VariantTy):
            parts.append(EnumTy(member.enum))
        else:
            parts.append(member)
    return union(parts)


def without_null(ty: Ty) -> Ty:
    return union(without_null_members(ty))
