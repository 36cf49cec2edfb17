"""`spawn` and `await`: operations on tasks, of which the body is a function of its own."""

from __future__ import annotations

import ast

from ...grammar import nodes as n
from ..facts.builtins import START, WAIT
from .functions import operation
from .lambdas import define_lambda, lambda_value
from .state import Emit, EmitInto, Emitter, Target


def _spawn(e: Emitter, node: n.Spawn, target: Target) -> None:
    given = [*([node.name] if node.name is not None else []), *node.options]
    values = [e.spill(value, part) for value, part in zip(e.operands(given), given, strict=True)]
    name = values.pop(0) if node.name is not None else ast.Constant(None)
    body = lambda_value(e, define_lambda(e, node.body))
    e.finish(operation(START, [body, name, ast.List(values, ast.Load())]), target, node)


def _await(e: Emitter, node: n.Await) -> ast.expr:
    return ast.Await(operation(WAIT, [e.expr(node.value)]))


FUTURES: dict[type, Emit] = {n.Await: _await}
INTO_FUTURES: dict[type, EmitInto] = {n.Spawn: _spawn}
