"""Aliases to the types they stand for, and the one way to look up a type: through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...grammar.walk import walk
from ...records import dataclass, field
from ...types.ty import ERROR, AliasTy, ParameterTy, Ty
from ..facts.cycles import cycles, finished, groups, show_cycle
from ..facts.report import Report
from ..facts.symbols import Names
from .resolve_types import TypeResolver
from .type_params import EMPTY, Scope, declared_params

MAX_TYPE_PARTS = 20_000


@dataclass(slots=True)
class AliasReader:
    names: Names
    view: Names
    report: Report
    _aliases: dict[str, n.Placed[n.Item]] = field(default_factory=dict)

    def declare(self, key: str, placed: n.Placed[n.Item]) -> None:
        self._aliases[key] = placed

    def check(self) -> Iterator[tuple[str, n.Placed[n.Item]]]:
        """What can be told of aliases before one is resolved; then each of them, those that it mentions first."""
        self._check_aliases()
        self._check_sizes()
        mentioned = {name: self._mentioned(placed, _names_in) for name, placed in self._aliases.items()}
        # An alias that leads back to itself keeps its name. Prompts show them in this order, that of declaration.
        recursive = {name for cycle in groups(mentioned) for name in cycle if _comes_back(cycle, mentioned)}
        for name in self._aliases:
            if name in recursive and name not in self.names.aliases:
                self.names.recursive_aliases[name] = ERROR  # until it is resolved
        for name in finished(mentioned):
            yield name, self._aliases[name]

    def resolve(self, name: str, node: n.AliasDecl) -> None:
        if name in self.names.recursive_aliases:
            self.names.recursive_aliases[name] = self.types(self._aliases[name], "type alias").resolve(node.type)
        else:
            self._alias(name)

    def _alias(self, name: str) -> Ty | None:
        """The type an alias stands for; a recursive one stands for itself."""
        placed = self._aliases.get(name)
        if placed is None:
            return None
        if name in self.names.aliases:
            return self.names.aliases[name]
        if name in self.names.recursive_aliases:
            return AliasTy(name)
        assert isinstance(placed.node, n.AliasDecl)
        ty = self.names.aliases[name] = self.types(placed, "type alias").resolve(placed.node.type)
        return ty

    def types(self, placed: n.Placed[n.Item], place: str = "type", scope: Scope = EMPTY) -> TypeResolver:
        return TypeResolver(self.view, self.report, placed, self._alias, place, scope)

    def scoped(self, placed: n.Placed[n.Item], scope: Scope) -> TypeResolver:
        return self.types(placed, scope=scope)

    def params(
        self, placed: n.Placed[n.Item], nodes: tuple[n.TypeParam, ...], scope: Scope
    ) -> tuple[ParameterTy, ...]:
        return declared_params(nodes, scope, lambda inner: self.scoped(placed, inner), placed, self.report)

    def _mentioned(self, placed: n.Placed[n.Item], find: Callable[[n.Item], list[str]]) -> list[str]:
        return [self.view.full(name, placed.file.name) for name in find(placed.node)]

    def _check_aliases(self) -> None:
        """Aliases that stand for each other and for nothing else have no type; a list between them gives one."""
        edges = {key: self._mentioned(placed, _bare_names) for key, placed in self._aliases.items()}
        while found := list(cycles(edges, lambda name: edges[name])):
            for cycle in found:
                placed = self._aliases[cycle[0]]
                message = f"these aliases stand for each other and for nothing else: {show_cycle(cycle)}"
                if len(cycle) == 2:
                    message = f"`{placed.node.name.name}` stands for itself"
                hint = "let the recursion pass through a list or a map"
                self.report.at(placed, placed.node.name, catalogue.ALIAS_CYCLE, message, hint=hint)
                for name in cycle:
                    self.names.aliases[name] = ERROR
                    edges[name] = []

    def _check_sizes(self) -> None:
        """An alias of aliases that are used twice each doubles with every one of them."""
        mentioned = {key: self._mentioned(placed, _names_in) for key, placed in self._aliases.items()}
        sizes: dict[str, int] = {}
        for key in finished(mentioned):
            sizes[key] = 1 + sum(sizes.get(name, 1) for name in mentioned[key])
            if sizes[key] > MAX_TYPE_PARTS:
                placed = self._aliases[key]
                message = f"`{placed.node.name.name}` stands for a type of more than {MAX_TYPE_PARTS:,} parts"
                hint = "make a class of one of the aliases that it uses"
                self.report.at(placed, placed.node.name, catalogue.NESTING_LIMIT, message, hint=hint)
                self.names.aliases[key] = ERROR
                sizes[key] = 1


def _names_in(item: n.Item) -> list[str]:
    """The names of types that a declaration mentions."""
    return [node.name for node in walk(item) if isinstance(node, n.TypeName)]


def _comes_back(group: set[str], edges: Mapping[str, list[str]]) -> bool:
    first = next(iter(group))
    return len(group) > 1 or first in edges[first]


def _bare_names(item: n.Item) -> list[str]:
    """The names that an alias reaches without passing through a list, a map or a function."""
    parts = walk(*item.children(), below=_transparent)
    return [node.name for node in parts if isinstance(node, n.TypeName) and node.arguments is None]


def _transparent(node: n.Node) -> Iterable[n.Node]:
    wraps = isinstance(node, n.OptionalType | n.GroupType | n.AttributedType | n.UnionType)
    return node.children() if wraps else ()
