"""Tests inside a testset: each hands its label and its function to the context's collector."""

from __future__ import annotations

import ast

from ...grammar import nodes as n
from .state import CONTEXT, EmitStatement, Emitter, attribute, load


def _test(e: Emitter, node: n.TestBody | n.TestSet) -> None:
    label, body = e.operands((node.label, node.body))
    place = (e.offset + node.label.start, e.offset + node.label.end)
    kind = "set" if isinstance(node, n.TestSet) and not node.is_one_test else "test"
    found = attribute(attribute(load(CONTEXT), "tests"), "append")
    span = ast.Tuple([ast.Constant(at) for at in place], ast.Load())
    entry = ast.Tuple([ast.Constant(kind), label, body, span], ast.Load())
    e.add(ast.Expr(ast.Call(found, [entry], [])), node)


TESTS: dict[type, EmitStatement] = {n.TestBody: _test, n.TestSet: _test}
