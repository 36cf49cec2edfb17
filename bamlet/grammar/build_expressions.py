"""Reductions of expressions and patterns.

What LALR reads flat is put in order here: operator precedence, and catch clauses that belong to a `throw`.
"""

from __future__ import annotations

from typing import Any, cast

from . import nodes as n
from .children import LITERALS, Part, all_of, exprs_of, first_name, identifier, identifiers, part_named, types_of
from .tokens import Token

# Loosest first; all are left associative.
PRECEDENCE: dict[str, int] = {
    op: level
    for level, ops in enumerate(
        ("||", "&&", "|", "^", "&", "== !=", "< > <= >= instanceof", "<< >>", "+ -", "* / %")
    )
    for op in ops.split()
}


def literal(c: list[Any]) -> n.Expr:
    token = c[0]
    start, end = token.start, token.end
    match token.type:
        case "INT":
            return n.IntLiteral(start, end, int(token.value))
        case "FLOAT":
            return n.FloatLiteral(start, end, float(token.value))
        case "STRING" | "RAW":
            return n.StringLiteral(start, end, token.value)
        case "NULL":
            return n.NullLiteral(start, end)
        case _:
            return n.BoolLiteral(start, end, token.type == "TRUE")


def expr(c: list[Any]) -> n.Expr:
    """Operands and operators in a row, by precedence climbing over an explicit stack."""
    operands: list[n.Expr] = [c[0]]
    pending: list[str] = []
    at = 1
    while at < len(c):
        if isinstance(c[at], Part):  # instanceof T: its right side is a type
            _reduce_down_to(PRECEDENCE["instanceof"], operands, pending)
            value = operands[-1]
            operands[-1] = n.InstanceOf(value.start, c[at].end, value, c[at].children[1])
            at += 1
            continue
        op = c[at].value
        if isinstance(c[at + 1], Token):  # `>` `>` is the shift, kept apart for nested type arguments
            op, at = ">>", at + 1
        _reduce_down_to(PRECEDENCE[op], operands, pending)
        pending.append(op)
        operands.append(c[at + 1])
        at += 2
    _reduce_down_to(-1, operands, pending)
    return operands[0]


def _reduce_down_to(level: int, operands: list[n.Expr], pending: list[str]) -> None:
    while pending and PRECEDENCE[pending[-1]] >= level:
        right = operands.pop()
        left = operands.pop()
        operands.append(n.Binary(left.start, right.end, pending.pop(), left, right))


def prefixed(c: list[Any]) -> n.Expr:
    op, operand = c
    start = op.start
    if op.value == "-" and isinstance(operand, n.IntLiteral):
        return n.IntLiteral(start, operand.end, -operand.value)
    if op.value == "-" and isinstance(operand, n.FloatLiteral):
        return n.FloatLiteral(start, operand.end, -operand.value)
    return n.Unary(start, operand.end, op.value, operand)


def postfixed(c: list[Any]) -> n.Expr:
    value = cast(n.Expr, c[0])
    for part in c[1:]:
        value = _apply_postfix(value, part)
    return value


def _apply_postfix(value: n.Expr, part: Any) -> n.Expr:
    if isinstance(part, n.CatchClause):
        return _add_catch_clause(value, part)
    match part.rule:
        case "field_access":
            name = identifier(part.children[1])
            if isinstance(value, n.Path):
                return n.Path(value.start, name.end, (*value.parts, name))
            return n.FieldAccess(value.start, part.end, value, name)
        case "index":
            return n.Index(value.start, part.end, value, part.children[1])
        case "call" | "arguments":
            return _call(value, part)
        case _:
            raise AssertionError(part.rule)


def _call(value: n.Expr, part: Part) -> n.Call:
    arguments = part if part.rule == "arguments" else cast(Part, part_named(part.children, "arguments"))
    generic = part_named(part.children, "generic_arguments")
    types = types_of(generic.children) if generic else ()
    return n.Call(value.start, part.end, value, types, exprs_of(arguments.children))


def _add_catch_clause(value: n.Expr, clause: n.CatchClause) -> n.Catch:
    """Clauses in a row are one chain: what one leaves is offered to the next."""
    if isinstance(value, n.Catch):
        return value.replaced(end=clause.end, clauses=(*value.clauses, clause))
    return n.Catch(value.start, clause.end, value, (clause,))


def catch(c: list[Any]) -> n.CatchClause:
    binder = identifiers(c)
    return n.CatchClause(
        c[0].start, c[-1].end, binder[0] if binder else None, all_of(c, n.MatchArm), c[0].type == "CATCH_ALL"
    )


def throw(c: list[Any]) -> n.Expr:
    """`throw a + f() catch …`: the clauses that the grammar gave to `f()` guard the throw."""
    value, clauses = _detach_last_catch(c[1])
    node: n.Expr = n.Throw(c[0].start, value.end, value)
    for clause in clauses:
        node = _add_catch_clause(node, clause)
    return node


def _detach_last_catch(value: n.Expr) -> tuple[n.Expr, tuple[n.CatchClause, ...]]:
    if isinstance(value, n.Catch):
        return value.value, value.clauses
    if isinstance(value, n.Binary):
        right, clauses = _detach_last_catch(value.right)
        return (value.replaced(right=right, end=right.end), clauses) if clauses else (value, ())
    if isinstance(value, n.Unary):
        operand, clauses = _detach_last_catch(value.operand)
        return (value.replaced(operand=operand, end=operand.end), clauses) if clauses else (value, ())
    return value, ()


def return_(c: list[Any]) -> n.Return:
    return n.Return(c[0].start, c[-1].end, c[1] if len(c) == 2 else None)


def path(c: list[Any]) -> n.Path:
    return n.Path(c[0].start, c[-1].end, identifiers(c))


def constructor(c: list[Any]) -> n.Constructor:
    entries = tuple(e for e in c if isinstance(e, n.FieldInit | n.Spread))
    return n.Constructor(c[0].start, c[-1].end, c[0], entries)


def map_entry(c: list[Any]) -> n.MapEntry:
    key = n.StringLiteral(c[0].start, c[0].end, c[0].value)
    return n.MapEntry(c[0].start, c[2].end, key, c[2])


def block_like(c: list[Any]) -> n.Expr:
    return postfixed(c)


def if_(c: list[Any]) -> n.If:
    return n.If(c[0].start, c[-1].end, c[2], c[4], c[6] if len(c) == 7 else None)


def lambda_(c: list[Any]) -> n.Lambda:
    name = c[0]
    bare = n.Param(name.start, name.end, identifier(name), None)
    params = (bare,) if name.type == "LAMBDA_NAME" else all_of(c, n.Param)
    types = types_of(c)
    return n.Lambda(name.start, c[-1].end, params, types[0] if types else None, c[-1])


def match(c: list[Any]) -> n.Match:
    types = types_of(c)
    return n.Match(c[0].start, c[-1].end, c[2], types[0] if types else None, all_of(c, n.MatchArm))


def match_arm(c: list[Any]) -> n.MatchArm:
    guard = part_named(c, "guard")
    body = exprs_of(c)[-1]
    return n.MatchArm(c[0].start, body.end, c[0], guard.children[1] if guard else None, body)


# --- patterns


def pattern(c: list[Any]) -> n.Pattern:
    flat: list[n.Pattern] = []
    for child in c:
        if isinstance(child, n.OrPattern):
            flat += child.alternatives
        elif not isinstance(child, Token):
            flat.append(child)
    return flat[0] if len(flat) == 1 else n.OrPattern(c[0].start, c[-1].end, tuple(flat))


def literal_pattern(c: list[Any]) -> n.LiteralPattern:
    value: Any = LITERALS[c[-1].type](c[-1].value)
    return n.LiteralPattern(c[0].start, c[-1].end, -value if len(c) == 2 else value)


def binding_pattern(c: list[Any]) -> n.BindingPattern:
    types = types_of(c)
    return n.BindingPattern(c[0].start, c[-1].end, first_name(c), types[0] if types else None)
