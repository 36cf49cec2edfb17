"""Which enums, classes and aliases stand in front of an output format under their own names, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from ..records import dataclass, field
from ..types.schema import EnumMember, EnumSchema, Schemas
from ..types.ty import NULL, AliasTy, ClassTy, EnumTy, ListTy, MapTy, Ty, UnionTy, bare, members, union
from .circles import Circles
from .errors import PromptError
from .options import OutputFormatOptions

MANY_MEMBERS = 6


@dataclass(frozen=True, slots=True)
class Hoisted:
    """Names, each list in the order of the document."""

    enums: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)


def visible_members(schema: EnumSchema) -> list[EnumMember]:
    return [member for member in schema.members if not member.skip]


class Names:
    """What the types of a program reach by name."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas

    def normal(self, ty: Ty) -> Ty:
        """Without attributes, aliases that do not recur expanded, unions flat and with null last."""
        ty = bare(ty)
        if isinstance(ty, AliasTy) and ty.name not in self.recursive_aliases:
            return self.normal(self.schemas.aliases[ty.name])
        if isinstance(ty, ListTy):
            return ListTy(self.normal(ty.item))
        if isinstance(ty, MapTy):
            return MapTy(self.normal(ty.key), self.normal(ty.value))
        if isinstance(ty, UnionTy):
            flat = members(union(map(self.normal, ty.members)))
            return union([*(member for member in flat if member != NULL), *(NULL for _ in flat if NULL in flat)])
        return ty

    @cached_property
    def recursive_aliases(self) -> frozenset[str]:
        """Aliases that come back to themselves over aliases alone."""
        edges = {name: _named(ty, AliasTy) for name, ty in self.schemas.aliases.items()}
        return frozenset(name for name in edges if name in _reach(name, edges))

    @cached_property
    def class_edges(self) -> Mapping[str, set[str]]:
        return {
            name: {used for row in schema.fields for used in _named(self.normal(row.ty), ClassTy)}
            for name, schema in self.schemas.classes.items()
        }

    def hoisted(self, root: Ty, options: OutputFormatOptions) -> Hoisted:
        order = self.order(root)
        enums = [name for name in order if name in self.schemas.enums and self._hoists_enum(name, options)]
        classes = _on_circles(order, self.class_edges)
        if options.hoist_classes is True:
            classes += [name for name in order if name in self.schemas.classes and name not in classes]
        else:
            for name in options.hoist_classes:
                if name not in self.schemas.classes or name not in order:
                    raise PromptError(f'hoist_classes names "{name}", which is no class of this output')
            classes += [name for name in options.hoist_classes if name not in classes]
        alias_edges = {name: _named(self.schemas.aliases[name], AliasTy) for name in self.recursive_aliases}
        in_order = {name: alias_edges[name] for name in self.schemas.aliases if name in alias_edges}
        return Hoisted(enums, classes, _on_circles(order, in_order))

    def order(self, root: Ty) -> list[str]:
        """Every name once, in the order in which a stack meets them: what was pushed last comes first."""
        order: list[str] = []
        stack = [root]
        while stack:
            ty = stack.pop()
            if not isinstance(ty, ClassTy | EnumTy | AliasTy):
                stack += _children(ty)
            elif ty.name not in order:
                order.append(ty.name)
                if isinstance(ty, ClassTy):
                    stack += [self.normal(row.ty) for row in self.schemas.classes[ty.name].fields]
                elif isinstance(ty, AliasTy):
                    stack.append(self.normal(self.schemas.aliases[ty.name]))
        return order

    def _hoists_enum(self, name: str, options: OutputFormatOptions) -> bool:
        rows = visible_members(self.schemas.enums[name])
        described = any(row.description for row in rows)
        return options.always_hoist_enums or described or len(rows) > MANY_MEMBERS


def _on_circles(order: Iterable[str], edges: Mapping[str, set[str]]) -> list[str]:
    """The names of each circle, at the place of the first that is met."""
    circles = Circles(edges).of
    found: dict[str, None] = {}
    for name in order:
        found |= dict.fromkeys(circles.get(name, ()))
    return list(found)


def _reach(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    pending = list(edges[start])
    while pending:
        name = pending.pop()
        if name in edges and name not in reached:
            reached.add(name)
            pending += edges[name]
    return reached


def _named(ty: Ty, kind: type[ClassTy | AliasTy]) -> set[str]:
    return {part.name for part in _parts(ty) if isinstance(part, kind)}


def _parts(ty: Ty) -> Iterator[Ty]:
    ty = bare(ty)
    yield ty
    for child in _children(ty):
        yield from _parts(child)


def _children(ty: Ty) -> tuple[Ty, ...]:
    match ty:
        case ListTy(item):
            return (item,)
        case MapTy(key, value):
            return (key, value)
        case UnionTy(parts):
            return parts
    return ()
