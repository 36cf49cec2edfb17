"""`a?.b` and `a ?? b`: one test for null, and one of two ways."""

from __future__ import annotations

import ast
from collections.abc import Callable

from ...grammar import nodes as n
from .state import DISCARD, Emit, EmitInto, Emitter, Into, Target, compare, load, store


def _chain(e: Emitter, node: n.OptionalChain) -> ast.expr:
    """What stands before the `?.` waits in a variable of its own: what follows may look at it again."""
    name = e.temporary()
    present = compare(ast.NamedExpr(store(name), e.expr(node.receiver)), ast.IsNot(), ast.Constant(None))
    with e.behind(name):
        return ast.IfExp(present, e.expr(node.rest), ast.Constant(None))


def _chain_into(e: Emitter, node: n.OptionalChain, target: Target) -> None:
    name = _kept(e, node.receiver)
    with e.behind(name):
        then = e.body(lambda: e.into(node.rest, target))
    otherwise = [] if target is DISCARD else e.body(lambda: e.finish(ast.Constant(None), target, node))
    e.add(ast.If(compare(load(name), ast.IsNot(), ast.Constant(None)), then, otherwise), node)


def behind(e: Emitter, node: n.OptionalChain, emit: Callable[[], None]) -> None:
    """What `emit` adds is done if the receiver is there."""
    name = _kept(e, node.receiver)
    with e.behind(name):
        then = e.body(emit)
    e.add(ast.If(compare(load(name), ast.IsNot(), ast.Constant(None)), then, []), node)


def _kept(e: Emitter, node: n.Expr) -> str:
    name = e.temporary()
    e.into(node, Into(name))
    return name


def _coalesce(e: Emitter, node: n.Coalesce) -> ast.expr:
    name = e.temporary()
    present = compare(ast.NamedExpr(store(name), e.expr(node.left)), ast.IsNot(), ast.Constant(None))
    return ast.IfExp(present, load(name), e.expr(node.right))


def _coalesce_into(e: Emitter, node: n.Coalesce, target: Target) -> None:
    name = _kept(e, node.left)
    is_null = compare(load(name), ast.Is(), ast.Constant(None))
    if isinstance(node.right, n.Throw | n.Return | n.Break | n.Continue):
        e.add(ast.If(is_null, e.body(lambda: e.into(node.right, DISCARD)), []), node)
        e.finish(load(name), target, node)
        return
    right = e.body(lambda: e.into(node.right, target))
    left = [] if target is DISCARD else e.body(lambda: e.finish(load(name), target, node))
    e.add(ast.If(is_null, right, left), node)


OPTIONAL: dict[type, Emit] = {
    n.OptionalChain: _chain,
    n.Receiver: lambda e, node: load(e.receivers[-1]),
    n.Coalesce: _coalesce,
}
INTO_OPTIONAL: dict[type, EmitInto] = {n.OptionalChain: _chain_into, n.Coalesce: _coalesce_into}
