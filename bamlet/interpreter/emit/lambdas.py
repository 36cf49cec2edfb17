"""Lambdas to nested Python functions.

Python's closures see a variable, not its value, which is the language's meaning too, but for one thing: what is
declared in a loop is new in every round. Such a variable is handed to the nested function as a default argument;
if it is assigned later it lives in a list of one element, and the list is handed over.
"""

from __future__ import annotations

import ast

from ...grammar import nodes as n
from ...records import dataclass
from ..facts.typing_tables import Closure, python_name
from .functions import how_called
from .state import CONTEXT, GIVE, EmitInto, Emitter, Target, call, load


@dataclass(frozen=True, slots=True)
class Defined:
    """A lambda as a nested Python function, and the name it has there."""

    closure: Closure
    python: str


def _lambda(e: Emitter, node: n.Lambda, target: Target) -> None:
    """A function value knows how it is called."""
    defined = define_lambda(e, node)
    wanted = load(defined.python) if id(node) in e.wanted_bare else lambda_value(e, defined)
    e.finish(wanted, target, node)


def define_lambda(e: Emitter, node: n.Lambda) -> Defined:
    closure = e.tables.lambdas[id(node)]
    effects, name = e.unit.effects, e.known_as(closure.name)
    arguments = _arguments(e, node, closure, name in effects.needs_context)
    with e.inside(name):
        body = _body(e, node, closure)
    kind = ast.AsyncFunctionDef if name in effects.suspends else ast.FunctionDef
    python = python_name(closure.name)
    e.add(kind(name=python, args=arguments, body=body, decorator_list=[]), node)
    return Defined(closure, python)


def lambda_value(e: Emitter, defined: Defined) -> ast.expr:
    name = defined.closure.name
    return call("$FunctionValue", ast.Constant(name), load(defined.python), *how_called(e.unit, e.known_as(name)))


def call_lambda(e: Emitter, name: str, code: ast.expr, arguments: list[ast.expr]) -> ast.expr:
    """A call of the Python function of a lambda."""
    effects, name = e.unit.effects, e.known_as(name)
    given = [load(CONTEXT), *arguments] if name in effects.needs_context else arguments
    made = ast.Call(code, given, [])
    return ast.Await(made) if name in effects.suspends else made


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


LAMBDAS: dict[type, EmitInto] = {n.Lambda: _lambda}
