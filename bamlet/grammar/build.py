"""Reductions to nodes: one function for each rule of `bamlet.lark`, called by the parser with what it matched.

Rules whose name begins with `_` are spliced into their parents, so a function sees tokens, nodes and `Part`s
of its own rule only. What LALR reads flat is put in order here: operator precedence, catch clauses that belong
to a `throw`, attributes that belong to a whole union, the tail of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from . import nodes as n
from .tokens import Token

C = TypeVar("C")

# Loosest first; all are left associative.
PRECEDENCE: dict[str, int] = {
    op: level
    for level, ops in enumerate(
        ("||", "&&", "|", "^", "&", "== !=", "< > <= >= instanceof", "<< >>", "+ -", "* / %")
    )
    for op in ops.split()
}


@dataclass(frozen=True, slots=True)
class Part:
    """A rule that is no node of its own: what it held, for the rule around it."""

    rule: str
    children: tuple[Any, ...]
    start: int
    end: int


def _part(rule: str) -> Callable[[list[Any]], Part]:
    return lambda c: Part(rule, tuple(c), c[0].start, c[-1].end)


def _of(children: Iterable[Any], kind: type[C] | tuple[type[C], ...]) -> tuple[C, ...]:
    return tuple(child for child in children if isinstance(child, kind))


def _first(children: Iterable[Any], kind: type[C] | tuple[type[C], ...]) -> C | None:
    return next((child for child in children if isinstance(child, kind)), None)


def _named(children: Iterable[Any], rule: str) -> Part | None:
    return next((c for c in children if isinstance(c, Part) and c.rule == rule), None)


def _has(children: Iterable[Any], type: str) -> bool:
    return any(isinstance(c, Token) and c.type == type for c in children)


def _identifier(token: Token) -> n.Identifier:
    return n.Identifier(token.start, token.end, token.value)


def _names(children: Iterable[Any]) -> tuple[n.Identifier, ...]:
    return tuple(_identifier(c) for c in children if isinstance(c, Token) and c.type == "NAME")


def _name(children: Sequence[Any]) -> n.Identifier:
    return _names(children)[0]


def _doc(children: Sequence[Any]) -> str | None:
    return cast("str | None", children[0].doc)


# --- types

TYPES = (
    n.TypeName,
    n.LiteralType,
    n.ListType,
    n.OptionalType,
    n.UnionType,
    n.GroupType,
    n.FunctionType,
    n.TupleType,
    n.AttributedType,
)


def _types(children: Iterable[Any]) -> tuple[n.TypeNode, ...]:
    return tuple(child for child in children if isinstance(child, TYPES))


def type_(c: list[Any]) -> n.TypeNode:
    members = _types(c)
    if len(members) == 1:
        return members[0]
    start, end, last = members[0].start, members[-1].end, members[-1]
    if not isinstance(last, n.AttributedType):
        return n.UnionType(start, end, members)
    # The attributes of the last member, unless parenthesised, belong to the whole union.
    union = n.UnionType(start, last.inner.end, (*members[:-1], last.inner))
    return n.AttributedType(start, end, union, last.attributes)


def type_member(c: list[Any]) -> n.TypeNode:
    ty = cast(n.TypeNode, c[0])
    for suffix in c[1:]:
        if isinstance(suffix, Part):
            ty = n.ListType(ty.start, suffix.end, ty)
        elif isinstance(suffix, Token):
            ty = n.OptionalType(ty.start, suffix.end, ty)
    attributes = _of(c, n.Attribute)
    return n.AttributedType(ty.start, c[-1].end, ty, attributes) if attributes else ty


def type_name(c: list[Any]) -> n.TypeName:
    arguments = _named(c, "type_arguments") or _named(c, "tested_arguments")
    names = _names(c) or (n.Identifier(c[0].start, c[0].end, "null"),)
    return n.TypeName(c[0].start, c[-1].end, names, _types(arguments.children) if arguments else None)


def literal_type(c: list[Any]) -> n.LiteralType:
    value = _LITERALS[c[-1].type](c[-1].value)
    return n.LiteralType(c[0].start, c[-1].end, -cast(int, value) if len(c) == 2 else cast(Any, value))


def parenthesised_type(c: list[Any]) -> n.TypeNode:
    params = [_types(part.children)[0] for part in _of(c, Part)]
    start, end = c[0].start, c[-1].end
    if _has(c, "ARROW"):
        return n.FunctionType(start, end, tuple(params), _types(c)[-1])
    is_named = any(_has(part.children, "COLON") for part in _of(c, Part))
    if len(params) == 1 and not _has(c, "COMMA") and not is_named:
        return n.GroupType(start, end, params[0])
    return n.TupleType(start, end, tuple(params))


# --- attributes


def attribute(c: list[Any]) -> n.Attribute:
    arguments = _named(c, "attribute_arguments")
    given = None if arguments is None else _of(arguments.children, n.AttributeArgument)
    name = ".".join(name.name for name in _names(c))
    return n.Attribute(c[0].start, c[-1].end, name, given, c[0].type == "ATAT")


def attribute_argument(c: list[Any]) -> n.AttributeArgument:
    return n.AttributeArgument(c[0].start, c[0].end, _TEXT_KINDS[c[0].type], c[0].value)


_TEXT_KINDS: dict[str, Any] = {"STRING": "string", "RAW": "raw", "JINJA": "jinja", "UNQUOTED": "bare"}


# --- configuration


def config_text(c: list[Any]) -> n.ConfigText:
    return n.ConfigText(c[0].start, c[0].end, _TEXT_KINDS[c[0].type], c[0].value)


def config_list(c: list[Any]) -> n.ConfigList:
    return n.ConfigList(c[0].start, c[-1].end, _values(c))


def config_entry(c: list[Any]) -> n.ConfigEntry:
    value = _values(c)[0]
    return n.ConfigEntry(c[0].start, value.end, _identifier(c[0]), value)


def _values(children: Iterable[Any]) -> tuple[n.ConfigValue, ...]:
    return tuple(c for c in children if isinstance(c, n.ConfigText | n.ConfigList | n.Config))


def config(c: list[Any]) -> n.Config:
    return n.Config(c[0].start, c[-1].end, _of(c, n.ConfigEntry), _of(c, n.Attribute), _of(c, n.TypeBuilder))


def type_builder(c: list[Any]) -> n.TypeBuilder:
    items = tuple(i for i in c if isinstance(i, n.ClassDecl | n.EnumDecl | n.AliasDecl | n.DynamicDecl))
    return n.TypeBuilder(c[0].start, c[-1].end, items)


# --- items


def class_decl(c: list[Any]) -> n.ClassDecl:
    return n.ClassDecl(
        c[0].start,
        c[-1].end,
        _name(c),
        _of(c, n.FieldDecl),
        _of(c, n.Attribute),
        _of(c, n.FunctionDecl),
        _doc(c),
    )


def field_decl(c: list[Any]) -> n.FieldDecl:
    ty = _types(c)[0]
    return n.FieldDecl(c[0].start, ty.end, _identifier(c[0]), ty, c[0].doc)


def enum_decl(c: list[Any]) -> n.EnumDecl:
    return n.EnumDecl(
        c[0].start,
        c[-1].end,
        _name(c),
        _of(c, n.EnumValueDecl),
        _of(c, n.Attribute),
        _of(c, n.FunctionDecl),
        _doc(c),
    )


def enum_value_decl(c: list[Any]) -> n.EnumValueDecl:
    attributes = _of(c, n.Attribute)
    end = attributes[-1].end if attributes else c[0].end
    return n.EnumValueDecl(c[0].start, end, _identifier(c[0]), attributes, c[0].doc)


def alias_decl(c: list[Any]) -> n.AliasDecl:
    return n.AliasDecl(c[0].start, c[-1].end, _name(c), _types(c)[0], _doc(c))


def param(c: list[Any]) -> n.Param:
    types = _types(c)
    return n.Param(c[0].start, c[-1].end, _identifier(c[0]), types[0] if types else None)


def function_decl(c: list[Any]) -> n.FunctionDecl:
    params, result, throws = _named(c, "params"), _named(c, "result"), _named(c, "throws")
    assert params is not None
    return n.FunctionDecl(
        c[0].start,
        c[-1].end,
        _name(c),
        _of(params.children, n.Param),
        _types(result.children)[0] if result else None,
        _types(throws.children)[0] if throws else None,
        c[-1],
        _doc(c),
    )


def llm_body(c: list[Any]) -> n.LlmBody:
    return n.LlmBody(c[0].start, c[-1].end, _of(c, n.ConfigEntry))


def sysop_stub(c: list[Any]) -> n.SysopStub:
    return n.SysopStub(c[0].start, c[-1].end, c[1].value == "$sysop_async")


def client_decl(c: list[Any]) -> n.ClientDecl:
    kind = _named(c, "client_kind")
    name = kind.children[1].value if kind else None
    return n.ClientDecl(c[0].start, c[-1].end, _name(c), name, c[-1], _doc(c))


def retry_policy_decl(c: list[Any]) -> n.RetryPolicyDecl:
    return n.RetryPolicyDecl(c[0].start, c[-1].end, _name(c), c[-1], _doc(c))


def generator_decl(c: list[Any]) -> n.GeneratorDecl:
    return n.GeneratorDecl(c[0].start, c[-1].end, _name(c), c[-1], _doc(c))


def test_decl(c: list[Any]) -> n.TestDecl:
    return n.TestDecl(c[0].start, c[-1].end, _identifier(c[1]), c[-1], _doc(c))


def template_string_decl(c: list[Any]) -> n.TemplateStringDecl:
    params = _named(c, "params")
    given = _of(params.children, n.Param) if params else ()
    return n.TemplateStringDecl(c[0].start, c[-1].end, _name(c), given, config_text(c[-1:]), _doc(c))


def let_decl(c: list[Any]) -> n.LetDecl:
    types = _types(c)
    value = _exprs(c)[0]
    return n.LetDecl(c[0].start, value.end, _name(c), types[0] if types else None, value, _doc(c))


def dynamic_decl(c: list[Any]) -> n.DynamicDecl:
    return n.DynamicDecl(c[0].start, c[-1].end, c[1])


# --- expressions

EXPRESSIONS = (
    n.IntLiteral,
    n.FloatLiteral,
    n.StringLiteral,
    n.BoolLiteral,
    n.NullLiteral,
    n.Path,
    n.Group,
    n.FieldAccess,
    n.Index,
    n.Call,
    n.Unary,
    n.Binary,
    n.InstanceOf,
    n.ListLiteral,
    n.MapLiteral,
    n.Constructor,
    n.Block,
    n.If,
    n.Match,
    n.Catch,
    n.Lambda,
    n.Throw,
    n.Return,
    n.Break,
    n.Continue,
)


def _exprs(children: Iterable[Any]) -> tuple[n.Expr, ...]:
    return tuple(child for child in children if isinstance(child, EXPRESSIONS))


_LITERALS: dict[str, Callable[[str], str | int | float | bool | None]] = {
    "INT": int,
    "FLOAT": float,
    "STRING": str,
    "RAW": str,
    "TRUE": lambda _: True,
    "FALSE": lambda _: False,
    "NULL": lambda _: None,
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
            name = _identifier(part.children[1])
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
    arguments = part if part.rule == "arguments" else cast(Part, _named(part.children, "arguments"))
    generic = _named(part.children, "generic_arguments")
    types = _types(generic.children) if generic else ()
    return n.Call(value.start, part.end, value, types, _exprs(arguments.children))


def _add_catch_clause(value: n.Expr, clause: n.CatchClause) -> n.Catch:
    """Clauses in a row are one chain: what one leaves is offered to the next."""
    if isinstance(value, n.Catch):
        return value.replaced(end=clause.end, clauses=(*value.clauses, clause))
    return n.Catch(value.start, clause.end, value, (clause,))


def catch(c: list[Any]) -> n.CatchClause:
    binder = _names(c)
    return n.CatchClause(
        c[0].start, c[-1].end, binder[0] if binder else None, _of(c, n.MatchArm), c[0].type == "CATCH_ALL"
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
    return n.Path(c[0].start, c[-1].end, _names(c))


def constructor(c: list[Any]) -> n.Constructor:
    entries = tuple(e for e in c if isinstance(e, n.FieldInit | n.Spread))
    return n.Constructor(c[0].start, c[-1].end, c[0], entries)


def map_entry(c: list[Any]) -> n.MapEntry:
    key = n.StringLiteral(c[0].start, c[0].end, c[0].value)
    return n.MapEntry(c[0].start, c[2].end, key, c[2])


def block(c: list[Any]) -> n.Block:
    """The last statement is the block's value when it is an expression without a semicolon."""
    statements = [s for s in c[1:-1] if not isinstance(s, Token)]
    tail: n.Expr | None = None
    if statements and isinstance(statements[-1], Part):
        last = statements[-1]
        if not _has(last.children, "SEMI") and c[-2] is last:
            tail = last.children[0]
            statements.pop()
    plain = tuple(_statement(s) for s in statements)
    return n.Block(c[0].start, c[-1].end, plain, tail)


def _statement(s: Any) -> n.Statement:
    if isinstance(s, Part):
        value = s.children[0]
        return n.ExprStatement(value.start, value.end, value)
    return cast(n.Statement, s)


def block_like(c: list[Any]) -> n.Expr:
    return postfixed(c)


def if_(c: list[Any]) -> n.If:
    return n.If(c[0].start, c[-1].end, c[2], c[4], c[6] if len(c) == 7 else None)


def lambda_(c: list[Any]) -> n.Lambda:
    name = c[0]
    bare = n.Param(name.start, name.end, _identifier(name), None)
    params = (bare,) if name.type == "LAMBDA_NAME" else _of(c, n.Param)
    types = _types(c)
    return n.Lambda(name.start, c[-1].end, params, types[0] if types else None, c[-1])


def match(c: list[Any]) -> n.Match:
    types = _types(c)
    return n.Match(c[0].start, c[-1].end, c[2], types[0] if types else None, _of(c, n.MatchArm))


def match_arm(c: list[Any]) -> n.MatchArm:
    guard = _named(c, "guard")
    body = _exprs(c)[-1]
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
    value: Any = _LITERALS[c[-1].type](c[-1].value)
    return n.LiteralPattern(c[0].start, c[-1].end, -value if len(c) == 2 else value)


def binding_pattern(c: list[Any]) -> n.BindingPattern:
    types = _types(c)
    return n.BindingPattern(c[0].start, c[-1].end, _name(c), types[0] if types else None)


# --- statements


def let(c: list[Any]) -> n.Let:
    types = _types(c)
    value = _exprs(c)[0]
    watched = c[0].type == "WATCH"
    return n.Let(c[0].start, value.end, _name(c), types[0] if types else None, value, watched)


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
    init, condition, step = (_named(c, part) for part in ("for_init", "for_condition", "for_step"))
    return n.For(
        c[0].start,
        c[-1].end,
        init.children[0] if init else None,
        condition.children[0] if condition else None,
        step.children[0] if step else None,
        c[-1],
    )


def for_in(c: list[Any]) -> n.ForIn:
    return n.ForIn(c[0].start, c[-1].end, _name(c), _exprs(c)[0], c[-1])


# --- the table

BUILD: dict[str, Callable[[list[Any]], Any]] = {
    "class_decl": class_decl,
    "field_decl": field_decl,
    "enum_decl": enum_decl,
    "enum_value_decl": enum_value_decl,
    "alias_decl": alias_decl,
    "function_decl": function_decl,
    "params": _part("params"),
    "param": param,
    "result": _part("result"),
    "throws": _part("throws"),
    "llm_body": llm_body,
    "sysop_stub": sysop_stub,
    "client_decl": client_decl,
    "client_kind": _part("client_kind"),
    "retry_policy_decl": retry_policy_decl,
    "generator_decl": generator_decl,
    "test_decl": test_decl,
    "template_string_decl": template_string_decl,
    "let_decl": let_decl,
    "type_builder": type_builder,
    "dynamic_decl": dynamic_decl,
    "config": config,
    "config_entry": config_entry,
    "config_text": config_text,
    "config_list": config_list,
    "attribute": attribute,
    "block_attribute": attribute,
    "attribute_arguments": _part("attribute_arguments"),
    "attribute_argument": attribute_argument,
    "type": type_,
    "type_member": type_member,
    "list_suffix": _part("list_suffix"),
    "type_name": type_name,
    "type_arguments": _part("type_arguments"),
    "literal_type": literal_type,
    "parenthesised_type": parenthesised_type,
    "type_param": _part("type_param"),
    "block": block,
    "let": let,
    "assign": assign,
    "expr_statement": _part("expr_statement"),
    "while": lambda c: n.While(c[0].start, c[-1].end, c[2], c[4]),
    "for_in": for_in,
    "for": for_,
    "for_init": for_init,
    "for_condition": _part("for_condition"),
    "for_step": for_step,
    "assert": lambda c: n.Assert(c[0].start, c[1].end, c[1]),
    "expr": expr,
    "expr_start": expr,
    "instance_of": _part("instance_of"),
    "tested_type": type_member,
    "tested_name": type_name,
    "tested_arguments": _part("tested_arguments"),
    "prefixed": prefixed,
    "postfixed": postfixed,
    "field_access": _part("field_access"),
    "index": _part("index"),
    "call": _part("call"),
    "generic_arguments": _part("generic_arguments"),
    "arguments": _part("arguments"),
    "catch": catch,
    "literal": literal,
    "path": path,
    "constructor": constructor,
    "field_init": lambda c: n.FieldInit(c[0].start, c[2].end, _identifier(c[0]), c[2]),
    "spread": lambda c: n.Spread(c[0].start, c[1].end, c[1]),
    "map_literal": lambda c: n.MapLiteral(c[0].start, c[-1].end, _of(c, n.MapEntry)),
    "map_entry": map_entry,
    "list_literal": lambda c: n.ListLiteral(c[0].start, c[-1].end, _exprs(c)),
    "group": lambda c: n.Group(c[0].start, c[2].end, c[1]),
    "throw": throw,
    "return": return_,
    "break": lambda c: n.Break(c[0].start, c[0].end),
    "continue": lambda c: n.Continue(c[0].start, c[0].end),
    "lambda": lambda_,
    "block_like": block_like,
    "if": if_,
    "match": match,
    "match_arm": match_arm,
    "guard": _part("guard"),
    "pattern": pattern,
    "literal_pattern": literal_pattern,
    "path_pattern": lambda c: n.PathPattern(c[0].start, c[0].end, c[0]),
    "binding_pattern": binding_pattern,
    "group_pattern": lambda c: c[1],
}
