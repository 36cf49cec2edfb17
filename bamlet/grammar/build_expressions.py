"""Reductions of expressions and patterns.

What LALR reads flat is put in order here: operator precedence, and catch clauses that belong to a `throw`.
"""

from __future__ import annotations

from typing import Any, cast

from . import nodes as n
from .build_types import suffixed, type_arguments
from .children import (
    LITERALS,
    Children,
    Part,
    all_of,
    exprs_of,
    first_name,
    has_token,
    identifier,
    identifiers,
    part_named,
    types_of,
)
from .tokens import Token, int_value

# Loosest first; all are left associative.
PRECEDENCE: dict[str, int] = {
    op: level
    for level, ops in enumerate(
        ("??", "||", "&&", "|", "^", "&", "== !=", "< > <= >= instanceof is", "<< >>", "+ -", "* / %")
    )
    for op in ops.split()
}


def literal(c: Children) -> n.Expr:
    token = c[0]
    start, end = token.start, token.end
    match token.type:
        case "INT":
            return n.IntLiteral(start, end, int_value(token.value))
        case "FLOAT":
            return n.FloatLiteral(start, end, float(token.value))
        case "STRING" | "RAW":
            return n.StringLiteral(start, end, token.value)
        case "NULL":
            return n.NullLiteral(start, end)
        case _:
            return n.BoolLiteral(start, end, token.type == "TRUE")


def expr(c: Children) -> n.Expr:
    """Operands and operators in a row, by precedence climbing over an explicit stack."""
    operands: list[n.Expr] = [c[0]]
    pending: list[str] = []
    at = 1
    while at < len(c):
        if isinstance(c[at], Part):  # the right side of `instanceof` is a type, that of `is` a pattern
            _reduce_down_to(PRECEDENCE["instanceof"], operands, pending)
            value, right = operands[-1], c[at].children[1]
            test = n.InstanceOf if c[at].rule == "instance_of" else n.Is
            operands[-1] = test(value.start, c[at].end, value, right)
            at += 1
            continue
        op = c[at].value
        if isinstance(c[at + 1], Token):  # `>` `>` and `?` `?`, kept apart for nested and doubly optional types
            op, at = op + op, at + 1
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
        op = pending.pop()
        made = n.Coalesce(left.start, right.end, left, right)
        operands.append(made if op == "??" else n.Binary(left.start, right.end, op, left, right))


def prefixed(c: Children) -> n.Expr:
    op, operand = c
    start = op.start
    if op.type == "AWAIT":
        return _await(op, operand)
    if op.value == "-" and isinstance(operand, n.IntLiteral):
        return n.IntLiteral(start, operand.end, -operand.value)
    if op.value == "-" and isinstance(operand, n.FloatLiteral):
        return n.FloatLiteral(start, operand.end, -operand.value)
    return n.Unary(start, operand.end, op.value, operand)


def _await(op: Token, operand: n.Expr) -> n.Expr:
    """`await f catch …`: the clauses that the grammar gave to `f` guard the waiting."""
    value, clauses = _detach_last_catch(operand)
    node: n.Expr = n.Await(op.start, value.end, value)
    for clause in clauses:
        node = _add_catch_clause(node, clause)
    return node


def spawn(c: Children) -> n.Spawn:
    """The block is read as a lambda, so that all that holds of lambdas holds of tasks."""
    opener, *head, block = c
    given = [part for part in head if not isinstance(part, Token) or part.type == "STRING"]
    is_named = bool(head) and not (isinstance(head[0], Token) and head[0].type == "WITH")
    name = given.pop(0) if is_named else None
    if isinstance(name, Token):
        name = n.StringLiteral(name.start, name.end, name.value)
    body = n.Lambda(block.start, block.end, (), None, None, block, False)
    return n.Spawn(opener.start, block.end, name, tuple(given), body)


def postfixed(c: Children) -> n.Expr:
    value = cast(n.Expr, c[0])
    for at, part in enumerate(c[1:], 1):
        if isinstance(part, Part) and part.rule == "optional_access":
            return _optional(value, part, c[at + 1 :])
        value = _apply_postfix(value, part)
    return value


def _optional(receiver: n.Expr, access: Part, behind: list[Any]) -> n.Expr:
    """The rest of the chain goes into it, up to a catch clause: that guards the whole."""
    clauses = next((at for at, part in enumerate(behind) if isinstance(part, n.CatchClause)), len(behind))
    place = access.children[0]
    first = _apply_postfix(n.Receiver(place.start, place.end), _plain_access(access))
    rest = postfixed([first, *behind[:clauses]])
    chain = n.OptionalChain(receiver.start, rest.end, receiver, rest)
    return postfixed([chain, *behind[clauses:]])


def _plain_access(access: Part) -> Part:
    """`?.name`, `?.[i]` and `?.(x)` without the question mark."""
    _, *plain = access.children
    if isinstance(plain[0], Part):
        return plain[0]
    rule = "index" if plain[0].type == "LSQB" else "field_access"
    return Part(rule, access.children if rule == "field_access" else tuple(plain), access.start, access.end)


def _apply_postfix(value: n.Expr, part: Any) -> n.Expr:
    if isinstance(part, n.CatchClause):
        return _add_catch_clause(value, part)
    match part.rule:
        case "field_access":
            name = identifier(part.children[1])
            if isinstance(value, n.Path):
                return n.Path(value.start, name.end, (*value.parts, name))
            return n.FieldAccess(value.start, part.end, value, name)
        case "as_interface":
            return n.AsInterface(value.start, part.end, value, types_of(part.children)[0])
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
    given = exprs_of(arguments.children)
    return n.Call(value.start, part.end, value, types, given, all_of(arguments.children, n.NamedArgument))


def _add_catch_clause(value: n.Expr, clause: n.CatchClause) -> n.Catch:
    """Clauses in a row are one chain: what one leaves is offered to the next."""
    if isinstance(value, n.Catch):
        return value.replaced(end=clause.end, clauses=(*value.clauses, clause))
    return n.Catch(value.start, clause.end, value, (clause,))


def catch(c: Children) -> n.CatchClause:
    binder, context = (*identifiers(c), None, None)[:2]
    keyword, arms = c[0].type, all_of(c, n.MatchArm)
    return n.CatchClause(
        c[0].start, c[-1].end, binder, context, arms, keyword != "CATCH", keyword == "CATCH_ALL_PANICS"
    )


def throw(c: Children) -> n.Expr:
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


def return_(c: Children) -> n.Return:
    return n.Return(c[0].start, c[-1].end, c[1] if len(c) == 2 else None)


def path(c: Children) -> n.Path:
    return n.Path(c[0].start, c[-1].end, identifiers(c))


def constructor(c: Children) -> n.Constructor:
    entries = tuple(e for e in c if isinstance(e, n.FieldInit | n.Spread))
    return n.Constructor(c[0].start, c[-1].end, c[0], _written_types(c), entries)


def _written_types(c: Children) -> tuple[n.TypeNode, ...] | None:
    return type_arguments(part_named(c, "ctor_types"))[0]


def map_entry(c: Children) -> n.MapEntry:
    key = n.StringLiteral(c[0].start, c[0].end, c[0].value)
    return n.MapEntry(c[0].start, c[2].end, key, c[2])


def block_like(c: Children) -> n.Expr:
    return postfixed(c)


def if_(c: Children) -> n.If | n.Match:
    otherwise = c[4] if len(c) == 5 else None
    if isinstance(c[1], Part):
        return if_let(c[0].start, c[-1].end, c[1], c[2], otherwise)
    condition, bare = condition_of(c[1])
    return n.If(c[0].start, c[-1].end, condition, c[2], otherwise, bare)


def condition_of(written: n.Expr) -> tuple[n.Expr, bool]:
    """The parentheses around a condition are none of its own; the second part is whether they were left out."""
    return (written.inner, False) if isinstance(written, n.Group) else (written, True)


def if_let(start: int, end: int, condition: Part, then: n.Block, otherwise: n.Expr | None) -> n.Match:
    pattern, _, value = condition.children
    wildcard = n.PathPattern(end, end, n.Path(end, end, (n.Identifier(end, end, "_"),)))
    arms = (
        n.MatchArm(pattern.start, then.end, pattern, None, then),
        n.MatchArm(end, end, wildcard, None, otherwise or n.Block(end, end, (), None)),
    )
    return n.Match(start, end, value, None, arms, False, True)


def lambda_(c: Children) -> n.Lambda:
    name = c[0]
    bare = n.Param(name.start, name.end, identifier(name), None, None)
    params = (bare,) if name.type == "LAMBDA_NAME" else all_of(c, n.Param)
    types, throws = types_of(c), part_named(c, "throws")
    thrown = types_of(throws.children)[0] if throws else None
    bare_arrow = not types and has_token(c, "ARROW")
    return n.Lambda(name.start, c[-1].end, params, types[0] if types else None, thrown, c[-1], bare_arrow)


def match(c: Children) -> n.Match:
    types = types_of(c)
    arms = all_of(c, n.MatchArm)
    if types:
        return n.Match(c[0].start, c[-1].end, c[2], types[0], arms, False, False)
    scrutinee, bare = condition_of(c[1])
    return n.Match(c[0].start, c[-1].end, scrutinee, None, arms, bare, False)


def match_arm(c: Children) -> n.MatchArm:
    guard = part_named(c, "guard")
    body = exprs_of(c)[-1]
    return n.MatchArm(c[0].start, body.end, c[0], guard.children[1] if guard else None, body)


# --- patterns


def pattern(c: Children) -> n.Pattern:
    flat: list[n.Pattern] = []
    for child in c:
        if isinstance(child, n.OrPattern):
            flat += child.alternatives
        elif not isinstance(child, Token):
            flat.append(child)
    return flat[0] if len(flat) == 1 else n.OrPattern(c[0].start, c[-1].end, tuple(flat))


def let_pattern(c: Children) -> n.Pattern:
    if not isinstance(c[1], Token):
        return cast(n.Pattern, c[1])
    types = types_of(c)
    inner = c[3] if len(c) == 4 and not types else None
    return n.BindingPattern(c[0].start, c[-1].end, identifier(c[1]), types[0] if types else None, inner)


def destructure(c: Children) -> n.ClassPattern:
    """A path of its own, or the names of one: behind `let x:` it may still be a type."""
    named = c[0] if isinstance(c[0], n.Path) else None
    if named is None:
        parts = identifiers(c)
        named = n.Path(parts[0].start, parts[-1].end, parts)
    return n.ClassPattern(c[0].start, c[-1].end, named, _written_types(c), all_of(c, n.FieldPattern))


def field_init(c: Children) -> n.FieldInit:
    """`{ name }` is `{ name: name }`."""
    name = identifier(c[0])
    value = c[2] if len(c) == 3 else n.Path(name.start, name.end, (name,))
    return n.FieldInit(name.start, c[-1].end, name, value)


def field_pattern(c: Children) -> n.FieldPattern:
    name = identifier(c[0])
    inner = c[2] if len(c) == 3 else n.BindingPattern(name.start, name.end, name, None, None)
    return n.FieldPattern(c[0].start, c[-1].end, name, inner)


def type_pattern(c: Children) -> n.TypePattern:
    path_ = c[0]
    arguments = part_named(c, "type_arguments")
    given, bindings = type_arguments(arguments)
    end = arguments.end if arguments else path_.end
    ty = suffixed(n.TypeName(path_.start, end, path_.parts, given, bindings), c[2 if arguments else 1 :])
    return n.TypePattern(ty.start, ty.end, ty)


def list_pattern(c: Children) -> n.ListPattern:
    items = tuple(part for part in c if not isinstance(part, Token))
    return n.ListPattern(c[0].start, c[-1].end, items)


def rest_pattern(c: Children) -> n.RestPattern:
    return n.RestPattern(c[0].start, c[-1].end, c[1] if len(c) == 2 else None)


def literal_pattern(c: Children) -> n.LiteralPattern:
    value: Any = LITERALS[c[-1].type](c[-1].value)
    return n.LiteralPattern(c[0].start, c[-1].end, -value if len(c) == 2 else value)


def binding_pattern(c: Children) -> n.Pattern:
    if not isinstance(c[0], Token):
        return cast(n.Pattern, c[0])
    types = types_of(c)
    return n.BindingPattern(c[0].start, c[-1].end, first_name(c), types[0] if types else None, None)
