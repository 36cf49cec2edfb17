"""What is left of a type while patterns take their parts one after the other: each single value in one step."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from .relate import Relation
from .ty import (
    BOOL,
    FLOAT,
    NEVER,
    ClassTy,
    EnumTy,
    ErrorTy,
    LiteralTy,
    ParameterTy,
    Ty,
    UnknownTy,
    VariantTy,
    bare,
    members,
    union,
)

_Single = LiteralTy | VariantTy | ClassTy  # holds no other type, so one look tells whether it is there


class Remainder:
    __slots__ = ("_members", "_relation", "_wide")

    def __init__(self, relation: Relation, ty: Ty) -> None:
        self._relation = relation
        self._set(relation.members(ty))

    def _set(self, types: Iterable[Ty]) -> None:
        self._members = dict.fromkeys(part for part in types if part != NEVER)
        self._wide = [part for part in self._members if not isinstance(part, _Single)]

    @property
    def ty(self) -> Ty:
        return union(self._members)

    def is_empty(self) -> bool:
        return not self._members

    def overlap(self, wanted: Ty) -> Ty:
        """What a value of it can be once it is known to be a `wanted`."""
        parts = members(bare(wanted))
        if not all(isinstance(part, _Single) or part == FLOAT for part in parts):
            return self._relation.overlap(self.ty, wanted)
        if any(isinstance(member, UnknownTy | ErrorTy | ParameterTy) for member in self._wide):
            return wanted
        kept = [part for part in parts if part in self._members]
        return union([*kept, *(self._relation.overlap(member, wanted) for member in self._wide)])

    def take(self, gone: Ty) -> None:
        """Leave out every member that is a `gone`."""
        parts = members(bare(gone))
        if not all(isinstance(part, _Single) for part in parts):
            self._set(self._relation.members(self._relation.without(self.ty, gone)))
            return
        for part in parts:
            whole = _finite(part)
            if whole in self._members and (values := self._relation.parts(whole)):
                inside = (values if member == whole else (member,) for member in self._members)
                self._set(chain.from_iterable(inside))
            self._members.pop(part, None)


def _finite(single: Ty) -> Ty:
    """The type of which a value is one of finitely many."""
    if isinstance(single, VariantTy):
        return EnumTy(single.enum)
    return BOOL if isinstance(single, LiteralTy) and single.base == "bool" else NEVER
