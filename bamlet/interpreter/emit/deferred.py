"""`defer`: the rest of the block around it, and behind it, in a `finally`, what is done on the way out."""

from __future__ import annotations

import ast
from collections.abc import Callable

from ...grammar import nodes as n
from ..facts.builtins import FINISH
from .lambdas import define_lambda, lambda_value
from .state import CONTEXT, DISCARD, Emitter, attribute, call, load, store


def deferred(e: Emitter, node: n.Defer, rest: Callable[[], None]) -> None:
    """Python keeps the value of the rest while the `finally` runs, and an error there replaces what was under way;
    but not the host's word to stop, nor a bug of ours: those prevail."""
    leave = _way_out(e, node)
    guarded = e.body(rest)
    failure = e.temporary()
    prevail: list[ast.stmt] = [ast.Expr(call("$prevail", load(failure))), ast.Raise(None, None)]
    taken = ast.ExceptHandler(load("$Catchable"), failure, prevail)
    e.add(ast.Try(guarded, [], [], [e.locate(ast.Try(e.body(leave), [taken], [], []), node)]), node)


def _way_out(e: Emitter, node: n.Defer) -> Callable[[], None]:
    """What neither loops nor reaches outside stands where it runs. The rest is a function: it is handed a context
    that may still act when the call has been stopped, and if it waits, it is an operation that sees it through."""
    name, effects = e.known_as(e.tables.lambdas[id(node.body)].name), e.unit.effects
    if name not in effects.needs_context:
        return lambda: e.into(node.body.body, DISCARD)
    defined = define_lambda(e, node.body)
    context = e.temporary()

    def leave() -> None:
        e.add(ast.Assign([store(context)], ast.Call(attribute(load(CONTEXT), "afterwards"), [], [])), node)
        if name in effects.suspends:
            invoke = attribute(load(context), "invoke")
            given = [ast.Constant(FINISH), load(context), lambda_value(e, defined)]
            made: ast.expr = ast.Await(ast.Call(invoke, given, []))
        else:
            made = ast.Call(load(defined.python), [load(context)], [])
        e.add(ast.Expr(made), node)

    return leave
