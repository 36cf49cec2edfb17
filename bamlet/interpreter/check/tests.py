"""Tests inside a testset: functions that are handed to what gathers them when the testset runs."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.ty import NULL, STRING, UNKNOWN, FunctionTy
from ..facts.code_names import is_testset
from .state import Checker, CheckStatement


def _test(c: Checker, node: n.TestBody | n.TestSet) -> bool:
    c.require(node.label, STRING)
    if not is_testset(c.name) or c.in_test:
        what = "a test" if isinstance(node, n.TestBody) else "a testset"
        hint = "move it there, or to the top of the file"
        c.wrong(node.label, catalogue.MISPLACED_TEST, f"{what} stands in a testset or in a file", hint=hint)
    outer, c.in_test = c.in_test, c.in_test or isinstance(node, n.TestBody)
    c.infer(node.body, FunctionTy((), NULL, UNKNOWN))
    c.in_test = outer
    c.tables.uses_context = True
    return False


TESTS: dict[type, CheckStatement] = {n.TestBody: _test, n.TestSet: _test}
