"""Reductions of blocks and statements; the tail of a block is told from its last statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from . import nodes as n
from .build_expressions import condition_of, if_let
from .children import PATTERNS, Children, Part, has_token, identifier, part_named
from .tokens import Token


def block(c: Children) -> n.Block:
    """The last statement is the block's value when it is an expression without a semicolon."""
    statements = [s for s in c[1:-1] if not isinstance(s, Token)]
    tail: n.Expr | None = None
    if statements and isinstance(statements[-1], Part):
        last = statements[-1]
        if not has_token(last.children, "SEMI") and c[-2] is last:
            tail = last.children[0]
            statements.pop()
    plain = tuple(_statement(s) for s in statements)
    return n.Block(c[0].start, c[-1].end, plain, tail)


def _statement(s: Any) -> n.Statement:
    if isinstance(s, Part):
        value = s.children[0]
        return n.ExprStatement(value.start, value.end, value)
    return cast(n.Statement, s)


def let(c: Children) -> n.Let | n.LetPattern:
    """A plain binder is a variable with its type; with an `else`, the type is one that is tested."""
    watched = isinstance(c[0], Token)
    start, pattern, value = c[0].start, c[watched], c[watched + 2]
    otherwise = c[watched + 4] if has_token(c, "ELSE") else None
    if otherwise is None and isinstance(pattern, n.BindingPattern) and pattern.inner is None:
        return n.Let(start, value.end, pattern.name, pattern.type, value, watched)
    return n.LetPattern(start, (otherwise or value).end, pattern, value, otherwise)


def assign(c: Children) -> n.Assign:
    target, op, value = c[:3]
    return n.Assign(target.start, value.end, target, None if op.value == "=" else op.value[:-1], value)


def defer(c: Children) -> n.Defer:
    keyword, block_ = c
    body = n.Lambda(block_.start, block_.end, (), None, None, block_, False)
    return n.Defer(keyword.start, block_.end, body)


def _simple(c: Sequence[Any]) -> n.Assign | n.ExprStatement:
    if len(c) == 1:
        return n.ExprStatement(c[0].start, c[0].end, c[0])
    return assign(list(c))


def for_init(c: Children) -> Part:
    inner = let(c) if isinstance(c[0], PATTERNS) else _simple(c)
    return Part("for_init", (inner,), c[0].start, c[-1].end)


def for_step(c: Children) -> Part:
    return Part("for_step", (_simple(c),), c[0].start, c[-1].end)


def for_(c: Children) -> n.For:
    init, condition, step = (part_named(c, part) for part in ("for_init", "for_condition", "for_step"))
    return n.For(
        c[0].start,
        c[-1].end,
        init.children[0] if init else None,
        condition.children[0] if condition else None,
        step.children[0] if step else None,
        c[-1],
    )


def for_in(c: Children) -> n.ForIn:
    bare = not has_token(c, "LPAR")
    return loop_over(c[1 if bare else 2], c[-2 if bare else -3], c[-1], c[0].start, bare)


def loop_over(binder: Token | n.Pattern, iterable: n.Expr, body: n.Block, start: int, bare: bool) -> n.ForIn:
    if isinstance(binder, Token):
        name = identifier(binder)
    elif isinstance(binder, n.BindingPattern) and binder.inner is None and binder.type is None:
        name = binder.name
    else:
        name = n.Identifier(binder.start, binder.end, "$each")
        each = n.Path(binder.start, binder.end, (name,))
        first = n.LetPattern(binder.start, binder.end, binder, each, None)
        body = body.replaced(statements=(first, *body.statements))
    return n.ForIn(start, body.end, name, iterable, body, bare)


def while_(c: Children) -> n.While:
    start, end, body = c[0].start, c[-1].end, c[2]
    if isinstance(c[1], Part):
        stop = n.Block(end, end, (n.ExprStatement(end, end, n.Break(end, end)),), None)
        step = n.ExprStatement(start, end, if_let(start, end, c[1], body, stop))
        return n.While(start, end, n.BoolLiteral(start, end, True), n.Block(start, end, (step,), None), False)
    condition, bare = condition_of(c[1])
    return n.While(start, end, condition, body, bare)
