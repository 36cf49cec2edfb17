"""What is left of a type while patterns take their parts one after the other: each single value in one step."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from .relate import Relation
from .sets import is_alone
from .ty import (
    BOOL,
    FLOAT,
    NEVER,
    EnumTy,
    ErrorTy,
    LiteralTy,
    NeverTy,
    ParameterTy,
    Ty,
    UnknownTy,
    VariantTy,
    bare,
    members,
    union,
)


class Remainder:
    """Its members are looked at when somebody asks: a test alone, which is no arm, seldom does."""

    __slots__ = ("_members", "_relation", "_whole", "_wide")

    def __init__(self, relation: Relation, ty: Ty) -> None:
        self._relation = relation
        self._whole: Ty | None = ty
        self._members: dict[Ty, None] = {}
        self._wide: list[Ty] = []

    def _open(self) -> None:
        if self._whole is not None:
            self._set(self._relation.members(self._whole))

    def _set(self, types: Iterable[Ty]) -> None:
        self._whole = None
        self._members = dict.fromkeys([part for part in types if not isinstance(part, NeverTy)])
        self._wide = [part for part in self._members if not is_alone(part)]

    @property
    def ty(self) -> Ty:
        self._open()
        return union(self._members)

    def is_empty(self) -> bool:
        self._open()
        return not self._members

    def has(self, member: Ty) -> bool:
        """Whether this very type is left as it was."""
        self._open()
        return member in self._members

    def overlap(self, wanted: Ty) -> Ty:
        """What a value of it can be once it is known to be a `wanted`."""
        parts = members(bare(wanted))
        if not all(is_alone(part) or part == FLOAT for part in parts):
            return self._relation.overlap(self.ty, wanted)
        self._open()
        if any(isinstance(member, UnknownTy | ErrorTy | ParameterTy) for member in self._wide):
            return wanted
        kept = [part for part in parts if part in self._members]
        return union([*kept, *(self._relation.overlap(member, wanted) for member in self._wide)])

    def take(self, gone: Ty) -> None:
        """Leave out every member that is a `gone`."""
        parts = members(bare(gone))
        if not all(is_alone(part) for part in parts):
            self._set(self._relation.members(self._relation.without(self.ty, gone)))
            return
        self._open()
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
