"""Lambdas to nested Python functions.

Python's closures see a variable, not its value, which is the language's meaning too, but for one thing: what is
declared in a loop is new in every round. Such a variable is handed to the nested function as a default argument;
if it is assigned later it lives in a list of one element, and the list is handed over.
"""

from __future__ import annotations

import ast

from ...grammar import nodes as n
from ..typing_tables import Closure, python_name
from .state import CONTEXT, GIVE, INTO, Emitter, Target, call, load


def _lambda(e: Emitter, node: n.Lambda, target: Target) -> None:
    closure = e.tables.lambdas[id(node)]
    suspends, needs_context = (
        closure.name in names for names in (e.unit.effects.suspends, e.unit.effects.needs_context)
    )
    shown = python_name(closure.name)
    kind = ast.AsyncFunctionDef if suspends else ast.FunctionDef
    arguments = _arguments(e, node, closure, needs_context)
    with e.inside(closure.name):
        body = _body(e, node, closure)
    e.add(kind(name=shown, args=arguments, body=body, decorator_list=[]), node)
    flags = ast.Constant(suspends), ast.Constant(needs_context)
    e.finish(call("$FunctionValue", ast.Constant(closure.name), load(shown), *flags), target, node)


def _arguments(e: Emitter, node: n.Lambda, closure: Closure, needs_context: bool) -> ast.arguments:
    given = [e.tables.variables[id(param)].python for param in node.params]
    taken = [variable.python for variable in closure.captures if variable.in_loop]
    names = [*([CONTEXT] if needs_context else []), *given, *taken]
    defaults: list[ast.expr] = [load(name) for name in taken]
    return ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, defaults)


def _body(e: Emitter, node: n.Lambda, closure: Closure) -> list[ast.stmt]:
    def emit() -> None:
        assigned = [variable.python for variable in closure.assigns if not variable.is_boxed]
        if assigned:
            e.add(ast.Nonlocal(assigned), node)
        e.into(node.body, GIVE)

    return e.body(emit)


INTO[n.Lambda] = _lambda
