"""A C-style `for` that counts to a fixed end: its tree in, the Python `range` of the same numbers out."""

from __future__ import annotations

import ast

from ...grammar import nodes as n
from ...types.ty import INT
from ..facts.typing_tables import LocalUse, Variable
from .state import Emitter, call

_DIRECTION = {("<", "+="): 1, ("<=", "+="): 1, (">", "-="): -1, (">=", "-="): -1}


def counter(e: Emitter, node: n.For) -> Variable | None:
    """The loop's variable, if its values are known from the loop's head alone."""
    init, condition, step = node.init, node.condition, node.step
    if not (isinstance(init, n.Let) and isinstance(condition, n.Binary) and isinstance(step, n.Assign)):
        return None
    variable = e.tables.variables[id(init)]
    counts = (
        variable.ty == INT
        and (condition.op, f"{step.op}=") in _DIRECTION
        and isinstance(step.value, n.IntLiteral)
        and step.value.value > 0
        and _is_variable(e, condition.left, variable)
        and _is_variable(e, step.target, variable)
        and e.assignments(variable) == 1  # the step
        and _is_fixed(e, condition.right)
    )
    return variable if counts else None


def count(e: Emitter, node: n.For) -> ast.expr:
    """The `range` of a loop that has a `counter`."""
    assert isinstance(node.init, n.Let)
    assert isinstance(node.condition, n.Binary)
    assert isinstance(node.step, n.Assign)
    assert isinstance(node.step.value, n.IntLiteral)
    start, end = e.operands((node.init.value, node.condition.right))
    by = _DIRECTION[node.condition.op, f"{node.step.op}="] * node.step.value.value
    if node.condition.op in ("<=", ">="):
        end = ast.BinOp(end, ast.Add(), ast.Constant(1)) if by > 0 else ast.BinOp(end, ast.Sub(), ast.Constant(1))
    return call("$range", start, end, ast.Constant(by))


def _is_variable(e: Emitter, node: n.Expr, variable: Variable) -> bool:
    use = e.tables.uses.get(id(node))
    return isinstance(use, LocalUse) and use.variable is variable and not use.fields


def _is_fixed(e: Emitter, node: n.Expr) -> bool:
    """An int that nothing changes while the loop runs: a literal, or a variable that the function only reads."""
    if isinstance(node, n.IntLiteral):
        return True
    use = e.tables.uses.get(id(node))
    if not isinstance(use, LocalUse) or use.fields:
        return False
    return use.variable.ty == INT and e.assignments(use.variable) == 0
