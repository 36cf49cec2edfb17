"""`let` with a pattern, and `is`."""

from __future__ import annotations

import ast

from ...grammar import nodes as n
from .patterns import Subject, bind, binds_apart, pattern_test
from .state import DISCARD, Emit, EmitStatement, Emitter


def _let_pattern(e: Emitter, node: n.LetPattern) -> None:
    value = e.stored(e.expr(node.value), node.value)
    test = e.tables.patterns[id(node.pattern)]
    fits = e.locate(pattern_test(e, test, Subject(value, e.members_of(node.value))), node.pattern)
    otherwise = node.otherwise
    if otherwise is not None:
        e.add(ast.If(ast.UnaryOp(ast.Not(), fits), e.body(lambda: e.into(otherwise, DISCARD)), []), node)
    elif not isinstance(fits, ast.Constant):
        e.add(ast.Expr(fits), node)  # it fits, as the checker knows; what it binds is bound by the test
    if binds_apart(test):
        bind(e, test, value, node.pattern)


def _is(e: Emitter, node: n.Is) -> ast.expr:
    first, again = e.twice(e.expr(node.value))
    test = e.tables.patterns[id(node.pattern)]
    return pattern_test(e, test, Subject(again, e.members_of(node.value), first=first))


LET_PATTERNS: dict[type, EmitStatement] = {n.LetPattern: _let_pattern}
IS: dict[type, Emit] = {n.Is: _is}
