"""Names to types: every function body is checked, and what was learnt stands in tables beside the trees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.relate import widen_literals
from ...types.show import show
from ...types.ty import ERROR, NEVER, NULL, Ty
from ..builtins import METHOD_NAMES
from ..report import Report
from ..symbols import ClassSymbol, ConstantSymbol, FunctionSymbol, Names
from ..typing_tables import Tables
from . import calls, expressions, lambdas, patterns, statements
from .constants import in_order_of_use
from .divergence import never_returning
from .state import CHECK_STATEMENT, INFER, Checker, content, is_open

__all__ = [
    "CHECK_STATEMENT",
    "INFER",
    "Checked",
    "calls",
    "check",
    "expressions",
    "lambdas",
    "patterns",
    "statements",
]


@dataclass(slots=True)
class Checked:
    """The tables of each function, constant and lambda that has code, by name; constants as `let NAME`."""

    tables: dict[str, Tables] = field(default_factory=dict)

    def add(self, name: str, tables: Tables) -> None:
        self.tables[name] = tables
        self.tables.update((closure.name, closure.tables) for closure in tables.lambdas.values())


def check(own: Names, names: Names, report: Report) -> Checked:
    """Check what `own` declares, with `names` (its own and the library's) in view."""
    relation = names.relation()
    endless = never_returning(own.functions.values())
    members = {name for symbol in names.classes.values() for name in (*symbol.methods, *_fields(symbol))}
    builtin_only = frozenset(METHOD_NAMES - members)
    checked = Checked()

    def checker(symbol: FunctionSymbol | ConstantSymbol, result: Ty) -> Checker:
        assert symbol.placed is not None
        assert symbol.node is not None
        name = symbol.name if isinstance(symbol, FunctionSymbol) else f"let {symbol.name}"
        body = symbol.node.body if isinstance(symbol.node, n.FunctionDecl) else symbol.node.value
        assigned, shared = lambdas.reassigned(body)
        return Checker(
            names,
            relation,
            report,
            symbol.placed,
            name,
            result,
            endless,
            builtin_only,
            reassigned=assigned,
            shared=shared,
        )

    for constant in in_order_of_use(own, report):
        if tables := _guarded(constant, report, partial(_check_constant, constant, checker, names)):
            checked.add(f"let {constant.name}", tables)
    for symbol in own.functions.values():
        if symbol.kind != "code":
            continue
        if tables := _guarded(symbol, report, partial(_check_function, symbol, checker)):
            checked.add(symbol.name, tables)
    return checked


def _fields(symbol: ClassSymbol) -> Iterator[str]:
    return (field.name for field in symbol.schema.fields)


NewChecker: TypeAlias = "Callable[[FunctionSymbol | ConstantSymbol, Ty], Checker]"


def _guarded(symbol: FunctionSymbol | ConstantSymbol, report: Report, step: Callable[[], Tables]) -> Tables | None:
    """The checker walks trees by recursion; a tree deeper than Python's stack is the program's mistake."""
    assert symbol.placed is not None
    assert symbol.node is not None
    try:
        return step()
    except RecursionError:
        report.at(symbol.placed, symbol.node.name, catalogue.NESTING_LIMIT, "this is nested too deeply")
        return None


def _check_constant(symbol: ConstantSymbol, checker: NewChecker, names: Names) -> Tables:
    assert symbol.node is not None
    c = checker(symbol, ERROR)
    for node in _outside_lambdas(symbol.node.value):
        if isinstance(node, n.Return):
            c.wrong(node, catalogue.UNSUPPORTED, "there is no function to return from")
    if symbol.node.type is None:
        found = widen_literals(c.infer(symbol.node.value))
        names.constants[symbol.name] = replace(symbol, ty=found)
    else:
        c.require(symbol.node.value, symbol.ty)
    return c.tables


def _outside_lambdas(node: n.Node) -> Iterator[n.Node]:
    yield node
    if not isinstance(node, n.Lambda):
        for child in node.children():
            yield from _outside_lambdas(child)


def _check_function(symbol: FunctionSymbol, checker: NewChecker) -> Tables:
    """Again as long as uses of empty collections tell what they hold: all of the body shall know it."""
    filled: dict[int, Ty] = {}
    while True:
        c = checker(symbol, symbol.result)
        c.filled = dict(filled)
        said = len(c.report.diagnostics)
        _check_once(c, symbol)
        closed = {key: ty for key, ty in c.filled.items() if not _has_open_part(ty)}
        if closed.keys() == filled.keys():
            return c.tables
        filled = closed
        del c.report.diagnostics[said:]


def _has_open_part(ty: Ty) -> bool:
    held = content(ty)
    return held is not None and (is_open(ty) or _has_open_part(held))


def _check_once(c: Checker, symbol: FunctionSymbol) -> None:
    node = symbol.node
    assert node is not None
    assert isinstance(node.body, n.Block)
    for declared in node.params:
        ty = next(param.ty for param in symbol.params if param.name == declared.name.name)
        c.declare(declared.name, ty, declared)
    _check_body(c, node, node.body)


def _check_body(c: Checker, node: n.FunctionDecl, body: n.Block) -> None:
    wants_value = not c.relation.is_subtype(NULL, c.result)
    if body.tail is not None:
        c.require(body, c.result)
        return
    if c.infer(body) != NEVER and wants_value:
        message = f"`{node.name.name}` ends without the `{show(c.result)}` it promises"
        last = n.Node(body.end - 1, body.end)
        hint = "end with the value, without a semicolon, or with `return`"
        c.wrong(last, catalogue.MISSING_VALUE, message, hint=hint)
