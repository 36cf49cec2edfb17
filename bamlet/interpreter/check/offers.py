"""What a pattern is tried on, and what it takes of it."""

from __future__ import annotations

from ...records import dataclass
from ...types.remainder import Remainder
from ...types.ty import NEVER, Ty, union
from ..facts.typing_tables import PatternTest
from .state import Checker


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pattern is tried on: what no arm before it took, and what it was declared as.

    `apart` comes only to a pattern that names it: panics, in a catch. They are part of what is `declared`.
    """

    left: Remainder
    declared: Ty
    apart: Ty = NEVER

    @classmethod
    def whole(cls, c: Checker, ty: Ty, declared: Ty) -> Offer:
        """Of what nothing was taken before."""
        return cls(Remainder(c.relation, ty), declared)

    def overlap(self, c: Checker, ty: Ty) -> Ty:
        return union((self.left.overlap(ty), c.relation.overlap(self.apart, ty)))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a pattern tests; what a value can be that fits; and what fits without fail."""

    test: PatternTest
    may: Ty
    surely: Ty
