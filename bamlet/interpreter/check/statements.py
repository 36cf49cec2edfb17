"""Statements: each check tells whether control never comes out behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.relate import widen_literals
from ...types.show import show
from ...types.ty import ERROR, NEVER, ListTy, NeverTy, Ty
from ..typing_tables import LocalUse
from .expressions import operator_result
from .narrow import assume, place_of
from .state import CHECK_STATEMENT, Checker, is_error


def _let(c: Checker, node: n.Let) -> bool:
    if node.type is None:
        ty = widen_literals(c.infer(node.value))
        diverges = ty == NEVER
        c.declare(node.name, ERROR if diverges else ty, node)
        return diverges
    ty = c.resolve(node.type)
    found = c.require(node.value, ty)
    variable = c.declare(node.name, ty, node)
    _learn(c, (variable,), found, ty)
    return found == NEVER


def _learn(c: Checker, place: Any, found: Ty, declared: Ty) -> None:
    """What was just stored is known to be no more than it is."""
    narrowed = c.relation.overlap(declared, widen_literals(found))
    if narrowed not in (NEVER, declared) and not is_error(found):
        c.facts[place] = narrowed


def _assign(c: Checker, node: n.Assign) -> bool:
    target = node.target
    if not isinstance(target, n.Path | n.FieldAccess | n.Index):
        c.infer(target)
        c.infer(node.value)
        c.wrong(target, catalogue.NOT_ASSIGNABLE, "only a variable, a field or an element can be assigned")
        return False
    declared = _declared(c, target)
    if node.op is None:
        found = c.require(node.value, declared)
    else:
        found = _update(c, node, declared)
    place = place_of(c, target)
    if place is not None:
        c.forget(place)
        _learn(c, place, found, declared)
    return found == NEVER


def _declared(c: Checker, target: n.Path | n.FieldAccess | n.Index) -> Ty:
    """The type that a place may hold: the declared one, whatever is known of it here."""
    narrowed = c.infer(target)
    if isinstance(target, n.Path):
        use = c.tables.uses.get(id(target))
        if not isinstance(use, LocalUse):
            if not is_error(narrowed):
                c.wrong(target, catalogue.NOT_ASSIGNABLE, f"`{target.name}` cannot be assigned")
            return ERROR
        kept = c.facts
        c.facts = {place: ty for place, ty in kept.items() if place != place_of(c, target)}
        declared = c.infer(target)
        c.facts = kept
        return declared
    return narrowed


def _update(c: Checker, node: n.Assign, declared: Ty) -> Ty:
    assert node.op is not None
    before = c.infer(node.target)
    value = c.infer(node.value)
    if is_error(before) or is_error(value):
        return ERROR
    result = operator_result(c, node.op, before, value)
    if result is None:
        message = f"`{node.op}=` does not work on `{show(before)}` and `{show(value)}`"
        c.wrong(node, catalogue.INVALID_OPERATOR, message)
        return ERROR
    if not c.relation.is_subtype(result, declared):
        message = f"`{node.op}=` gives `{show(result)}`, but this holds `{show(declared)}`"
        c.wrong(node, catalogue.TYPE_MISMATCH, message)
        return ERROR
    return result


def _expr_statement(c: Checker, node: n.ExprStatement) -> bool:
    return c.infer(node.value) == NEVER


def _assert(c: Checker, node: n.Assert) -> bool:
    c.infer(node.value)
    c.facts = assume(c, node.value, True)
    return isinstance(node.value, n.BoolLiteral) and not node.value.value


# --- loops


def _while(c: Checker, node: n.While) -> bool:
    _enter_loop(c, node)
    c.infer(node.condition)
    failed = assume(c, node.condition, False)
    c.facts = assume(c, node.condition, True)
    _loop_body(c, node.body)
    leaves = _breaks(node.body)
    c.facts = _after_loop(c, failed, leaves)
    return isinstance(node.condition, n.BoolLiteral) and node.condition.value and not leaves


def _for_in(c: Checker, node: n.ForIn) -> bool:
    ty = c.relation.expand(c.infer(node.iterable))
    item: Ty = ERROR
    if isinstance(ty, ListTy):
        item = ty.item
    elif not is_error(ty) and not isinstance(ty, NeverTy):
        c.wrong(node.iterable, catalogue.TYPE_MISMATCH, f"a `for` goes over a list, found `{show(ty)}`")
    _enter_loop(c, node)
    before = c.facts
    with c.scope():
        c.declare(node.name, item, node)
        c.facts = dict(before)
        _loop_body(c, node.body)
    c.facts = _after_loop(c, before, _breaks(node.body))
    return ty == NEVER


def _for(c: Checker, node: n.For) -> bool:
    with c.scope():
        if node.init is not None:
            CHECK_STATEMENT[type(node.init)](c, node.init)
        _enter_loop(c, node)
        failed = dict(c.facts)
        if node.condition is not None:
            c.infer(node.condition)
            failed = assume(c, node.condition, False)
            c.facts = assume(c, node.condition, True)
        _loop_body(c, node.body)
        if node.step is not None:
            CHECK_STATEMENT[type(node.step)](c, node.step)
    leaves = _breaks(node.body)
    c.facts = _after_loop(c, failed, leaves)
    return node.condition is None and not leaves


def _enter_loop(c: Checker, node: n.Node) -> None:
    """What the body assigns is not known at its start, since the body may have run already."""
    c.tables.loops = True
    changed = {name for inner in _walk(node) if isinstance(inner, n.Assign) for name in _root(inner.target)}
    for place in list(c.facts):
        root = place[0]
        if len(place) > 1 or (not isinstance(root, str) and root.name in changed):
            del c.facts[place]


def _root(target: n.Expr) -> Iterator[str]:
    while isinstance(target, n.FieldAccess | n.Index | n.Group):
        target = target.inner if isinstance(target, n.Group) else target.value
    if isinstance(target, n.Path):
        yield target.parts[0].name


def _loop_body(c: Checker, body: n.Block) -> None:
    c.loop_depth += 1
    c.infer(body)
    c.loop_depth -= 1


def _after_loop(c: Checker, failed: dict[Any, Ty], leaves: bool) -> dict[Any, Ty]:
    """Behind the loop its condition failed, unless a `break` left it."""
    if not leaves:
        return failed
    return {}


def _breaks(body: n.Block) -> bool:
    """Whether a `break` in the body leaves this loop and not one inside it."""
    stack: list[n.Node] = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, n.Break):
            return True
        stack += [child for child in node.children() if not isinstance(child, n.While | n.For | n.ForIn)]
    return False


def _walk(node: n.Node) -> Iterator[n.Node]:
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack += node.children()


CHECK_STATEMENT.update(
    {
        n.Let: _let,
        n.Assign: _assign,
        n.ExprStatement: _expr_statement,
        n.Assert: _assert,
        n.While: _while,
        n.ForIn: _for_in,
        n.For: _for,
    }
)
