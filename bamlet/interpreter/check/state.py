"""The state of checking one function: scopes, what is known about variables here, and where results go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...diagnostics import Code, Note, catalogue
from ...grammar import nodes as n
from ...types.relate import Relation
from ...types.show import show
from ...types.ty import ERROR, FLOAT, INT, ErrorTy, LiteralTy, Ty, bare, is_optional, members
from ..report import Report
from ..resolve_types import TypeResolver
from ..symbols import Names
from ..typing_tables import Tables, Variable

# A variable, or a field of a field of one: what a condition can tell something about.
Place: TypeAlias = "tuple[Variable | str, ...]"
Facts: TypeAlias = "dict[Place, Ty]"


@dataclass(slots=True)
class Checker:
    names: Names
    relation: Relation
    report: Report
    placed: n.Placed[n.Item]
    result: Ty
    tables: Tables = field(default_factory=Tables)
    facts: Facts = field(default_factory=dict)
    loop_depth: int = 0
    _scopes: list[dict[str, Variable]] = field(default_factory=lambda: [{}])
    _taken: dict[str, int] = field(default_factory=dict)

    # --- expressions

    def infer(self, node: n.Expr, expected: Ty | None = None) -> Ty:
        """The type of an expression. What is expected guides literals and empty collections, no more."""
        ty = INFER[type(node)](self, node, expected)
        self.tables.types[id(node)] = ty
        return ty

    def require(self, node: n.Expr, expected: Ty) -> Ty:
        """Infer, and report unless the value may stand where `expected` is wanted."""
        found = self.infer(node, expected)
        if not self.relation.is_subtype(found, expected):
            message = f"expected `{show(expected)}`, found `{show(found)}`"
            self.wrong(blame(node), catalogue.TYPE_MISMATCH, message, hint=_mismatch_hint(found, expected))
            return ERROR
        if self._becomes_float(found, expected):
            self.tables.widened.add(id(node))
        return found

    def _becomes_float(self, found: Ty, expected: Ty) -> bool:
        wanted = {bare(member) for member in members(self.relation.expand(expected))}
        if FLOAT not in wanted or INT in wanted:
            return False
        return any(is_int(member) for member in members(self.relation.expand(found)))

    def resolve(self, node: n.TypeNode) -> Ty:
        return TypeResolver(self.names, self.report, self.placed).resolve(node)

    # --- variables

    def declare(self, identifier: n.Identifier, ty: Ty, owner: n.Node) -> Variable:
        """A new variable in the innermost scope; it may shadow one of the same name."""
        name = identifier.name
        number = self._taken.get(name, 0)
        self._taken[name] = number + 1
        variable = Variable(name, ty, name if number == 0 else f"{name}${number}")
        self._scopes[-1][name] = variable
        self.tables.variables[id(owner)] = variable
        return variable

    def find(self, name: str) -> Variable | None:
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), None)

    @property
    def visible(self) -> list[str]:
        return [name for scope in self._scopes for name in scope]

    @contextmanager
    def scope(self) -> Iterator[None]:
        self._scopes.append({})
        try:
            yield
        finally:
            self._scopes.pop()

    # --- facts

    def known(self, place: Place, declared: Ty) -> Ty:
        return self.facts.get(place, declared)

    def forget(self, place: Place) -> None:
        """After an assignment nothing is known of the place and of what lies below it."""
        for known in [other for other in self.facts if other[: len(place)] == place]:
            del self.facts[known]

    def forget_fields(self) -> None:
        """A call may change any field of any object, but no local variable."""
        for place in [place for place in self.facts if len(place) > 1]:
            del self.facts[place]

    def merge(self, one: Facts, other: Facts) -> Facts:
        """What holds on both ways."""
        return {place: self.relation.join((one[place], other[place])) for place in one if place in other}

    # --- reporting

    def wrong(self, node: n.Node, code: Code, message: str, *notes: Note, hint: str | None = None) -> None:
        self.report.at(self.placed, node, code, message, *notes, hint=hint)


INFER: dict[type, Callable[[Checker, Any, Ty | None], Ty]] = {}
CHECK_STATEMENT: dict[type, Callable[[Checker, Any], bool]] = {}


def is_int(ty: Ty) -> bool:
    plain = bare(ty)
    return plain == INT or (isinstance(plain, LiteralTy) and plain.base == "int")


def is_error(ty: Ty) -> bool:
    return isinstance(bare(ty), ErrorTy)


def blame(node: n.Expr) -> n.Node:
    """The part of an expression that gives its value: what a mismatch should point at."""
    while True:
        if isinstance(node, n.Group):
            node = node.inner
        elif isinstance(node, n.Block) and node.tail is not None:
            node = node.tail
        else:
            return node


def _mismatch_hint(found: Ty, expected: Ty) -> str | None:
    if is_optional(found) and not is_optional(expected):
        return "the value may be null: test it first, or make the type optional with `?`"
    return None
