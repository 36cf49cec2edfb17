"""A type to how deep its values go at least: what has none that ends cannot be invented."""

from __future__ import annotations

import math

from ..types.schema import Schemas
from ..types.ty import AliasTy, ClassTy, MediaTy, Ty, UnionTy, bare
from .limits import DEFAULT_LIMITS

NEVER = math.inf


class CannotInvent(ValueError):
    """There is no such value, or none that a model could write; the text is for a person."""


def refuse_impossible(ty: Ty, schemas: Schemas) -> None:
    """Raises `CannotInvent` for a type of which no seed has a value."""
    depths = depths_of(schemas)
    deepest = DEFAULT_LIMITS.max_depth
    if deepest < depths.of(ty) < NEVER:
        raise CannotInvent(f"nested deeper than {deepest}, which is as deep as answers are read")
    if depths.of(ty) == NEVER:
        cycle = depths.cycle(ty)
        raise CannotInvent(
            f"no finite value: {' -> '.join(cycle)}" if cycle else "an image or the like is no text"
        )


def depths_of(schemas: Schemas) -> Depths:
    """Made once for each set of types."""
    found = schemas.derived.get(Depths)
    if found is None:
        found = schemas.derived[Depths] = Depths(schemas)
    made: Depths = found
    return made


class Depths:
    """How deep the shallowest value of a type is; `NEVER` for those that have none."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        names = [*schemas.classes, *schemas.aliases]
        self._known: dict[str, float] = dict.fromkeys(names, NEVER)
        # Each round finds those that need one level more; when nothing moves, the rest has no end.
        while self._improve():
            pass

    def _improve(self) -> bool:
        moved = False
        for name, before in self._known.items():
            now = self._named(name)
            if now < before:
                self._known[name], moved = now, True
        return moved

    def _named(self, name: str) -> float:
        if name in self._schemas.aliases:
            return self.of(self._schemas.aliases[name])
        fields = self._schemas.classes[name].fields
        return 1 + max((self.of(field.ty) for field in fields if not field.skip), default=0)

    def of(self, ty: Ty) -> float:
        match bare(ty):
            case ClassTy(name=name) | AliasTy(name=name):
                return self._known.get(name, 0)
            case UnionTy(members=members):
                return min(self.of(member) for member in members)
            case MediaTy():
                return NEVER
            case _:
                return 0

    def cycle(self, ty: Ty) -> list[str]:
        """The names on the way round, the first one at the end again; empty if it is no cycle that has no end."""
        path: list[str] = []
        following: Ty | None = ty
        while following is not None:
            inner = bare(following)
            if isinstance(inner, UnionTy):
                following = next((part for part in inner.members if self.of(part) == NEVER), None)
            elif isinstance(inner, ClassTy | AliasTy):
                if inner.name in path:
                    return [*path[path.index(inner.name) :], inner.name]
                path.append(inner.name)
                following = self._endless_part(inner.name)
            else:
                return []
        return []

    def _endless_part(self, name: str) -> Ty | None:
        if name in self._schemas.aliases:
            return self._schemas.aliases[name]
        fields = self._schemas.classes[name].fields
        return next((field.ty for field in fields if self.of(field.ty) == NEVER), None)
