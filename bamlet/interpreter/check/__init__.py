"""Names to types: every function body is checked, and what was learnt stands in tables beside the trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.relate import Relation, widen_literals
from ...types.show import show
from ...types.ty import NEVER, NULL
from ..report import Report
from ..symbols import ConstantSymbol, FunctionSymbol, Names
from ..typing_tables import Tables
from . import calls, expressions, patterns, statements
from .state import CHECK_STATEMENT, INFER, Checker

__all__ = ["CHECK_STATEMENT", "INFER", "Checked", "calls", "check", "expressions", "patterns", "statements"]

S = TypeVar("S", FunctionSymbol, ConstantSymbol)


@dataclass(slots=True)
class Checked:
    """The tables of each function and constant that has code, by name; constants as `let NAME`."""

    tables: dict[str, Tables] = field(default_factory=dict)


def check(own: Names, names: Names, report: Report) -> Checked:
    """Check what `own` declares, with `names` (its own and the library's) in view."""
    relation = names.relation()
    checked = Checked()
    for constant in own.constants.values():
        if tables := _guarded(constant, names, relation, report, _check_constant):
            checked.tables[f"let {constant.name}"] = tables
    for symbol in own.functions.values():
        if symbol.kind == "code" and (tables := _guarded(symbol, names, relation, report, _check_function)):
            checked.tables[symbol.name] = tables
    return checked


def _guarded(
    symbol: S,
    names: Names,
    relation: Relation,
    report: Report,
    step: Callable[[S, Names, Relation, Report], Tables],
) -> Tables | None:
    """The checker walks trees by recursion; a tree deeper than Python's stack is the program's mistake."""
    assert symbol.placed is not None
    assert symbol.node is not None
    try:
        return step(symbol, names, relation, report)
    except RecursionError:
        report.at(symbol.placed, symbol.node.name, catalogue.NESTING_LIMIT, "this is nested too deeply")
        return None


def _check_constant(symbol: ConstantSymbol, names: Names, relation: Relation, report: Report) -> Tables:
    assert symbol.placed is not None
    assert symbol.node is not None
    c = Checker(names, relation, report, symbol.placed, NEVER)
    if symbol.node.type is None:
        found = widen_literals(c.infer(symbol.node.value))
        names.constants[symbol.name] = ConstantSymbol(symbol.name, found, symbol.placed, symbol.node)
    else:
        c.require(symbol.node.value, symbol.ty)
    return c.tables


def _check_function(symbol: FunctionSymbol, names: Names, relation: Relation, report: Report) -> Tables:
    node = symbol.node
    assert symbol.placed is not None
    assert node is not None
    assert isinstance(node.body, n.Block)
    c = Checker(names, relation, report, symbol.placed, symbol.result)
    for declared in node.params:
        ty = next(param.ty for param in symbol.params if param.name == declared.name.name)
        c.declare(declared.name, ty, declared)
    _check_body(c, node, node.body)
    return c.tables


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
