"""Reductions of blocks and statements; the tail of a block is told from its last statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from . import nodes as n
from .children import Part, exprs_of, first_name, has_token, part_named, types_of
from .tokens import Token


def block(c: list[Any]) -> n.Block:
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


def let(c: list[Any]) -> n.Let:
    types = types_of(c)
    value = exprs_of(c)[0]
    watched = c[0].type == "WATCH"
    return n.Let(c[0].start, value.end, first_name(c), types[0] if types else None, value, watched)


def assign(c: list[Any]) -> n.Assign:
    target, op, value = c[:3]
    return n.Assign(target.start, value.end, target, None if op.value == "=" else op.value[:-1], value)


def _simple(c: Sequence[Any]) -> n.Assign | n.ExprStatement:
    if len(c) == 1:
        return n.ExprStatement(c[0].start, c[0].end, c[0])
    return assign(list(c))


def for_init(c: list[Any]) -> Part:
    inner = let(c) if isinstance(c[0], Token) else _simple(c)
    return Part("for_init", (inner,), c[0].start, c[-1].end)


def for_step(c: list[Any]) -> Part:
    return Part("for_step", (_simple(c),), c[0].start, c[-1].end)


def for_(c: list[Any]) -> n.For:
    init, condition, step = (part_named(c, part) for part in ("for_init", "for_condition", "for_step"))
    return n.For(
        c[0].start,
        c[-1].end,
        init.children[0] if init else None,
        condition.children[0] if condition else None,
        step.children[0] if step else None,
        c[-1],
    )


def for_in(c: list[Any]) -> n.ForIn:
    return n.ForIn(c[0].start, c[-1].end, first_name(c), exprs_of(c)[0], c[-1])
