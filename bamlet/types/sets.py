"""The members of large unions as sets: what a union is asked for, loses or gains takes one step of Python.

A chain of hundreds of tests on one value, each of which leaves one class less, would else look through all of them
at each test. Copies of dictionaries know the hashes of their keys.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..records import dataclass, field
from .ty import NEVER, ClassTy, LiteralTy, MediaTy, PrimitiveTy, Ty, UnionTy, VariantTy

# Fewer members are looked through as fast.
MANY = 8
# Chains ask for the last unions again, and no more is kept: each is as large as the union.
MOST_KEPT = 32


def is_alone(ty: Ty) -> bool:
    """Whether of all types that are so, none but the type itself has its values."""
    if isinstance(ty, ClassTy):
        return not ty.args
    return isinstance(ty, (LiteralTy, VariantTy, MediaTy)) or (isinstance(ty, PrimitiveTy) and ty.name == "null")


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a union in their order, and those among them that may hold others or be held."""

    union: UnionTy
    all: dict[Ty, None]
    others: tuple[Ty, ...]

    def holding(self, ty: Ty) -> Iterable[Ty]:
        """The members of which a type may be a part."""
        if ty in self.all:
            return (ty,)
        return self.others if is_alone(ty) else self.union.members


@dataclass(slots=True)
class MemberSets:
    _kept: dict[int, Members] = field(default_factory=dict)

    def of(self, ty: UnionTy) -> Members:
        found = self._kept.get(id(ty))
        if found is None:
            others = tuple([member for member in ty.members if not is_alone(member)])
            found = self._keep(Members(ty, dict.fromkeys(ty.members), others))
        return found

    def union(self, parts: dict[Ty, None], others: tuple[Ty, ...]) -> Ty:
        """The union of parts that are flat and not `never`."""
        if len(parts) < 2:
            return next(iter(parts), NEVER)
        return self._keep(Members(UnionTy(tuple(parts)), parts, others)).union

    def without(self, whole: Members, gone: Iterable[Ty]) -> Ty:
        """The union without members that stand alone."""
        left = whole.all.copy()
        for ty in gone:
            left.pop(ty, None)
        return whole.union if len(left) == len(whole.all) else self.union(left, whole.others)

    def _keep(self, made: Members) -> Members:
        """By its identity, which is its own as long as it is held here."""
        if len(made.all) >= MANY:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[id(made.union)] = made
        return made
