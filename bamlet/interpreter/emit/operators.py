"""Operators in the cheapest form that has the language's meaning: static types decide, and where they cannot, a
function of `runtime.operators` does."""

from __future__ import annotations

import ast
from typing import TypeAlias

from ...grammar import nodes as n
from ...types.ty import (
    BOOL,
    DURATION,
    FLOAT,
    INT,
    NULL,
    STRING,
    EnumTy,
    ErrorTy,
    InterfaceTy,
    LiteralTy,
    NeverTy,
    ParameterTy,
    Ty,
    UnknownTy,
    VariantTy,
)
from ..facts.code_names import class_name
from .state import Emit, Emitter, again_by, attribute, both, call, compare, load, rounds, store, way_to

Types: TypeAlias = tuple[Ty, ...]

_PLAIN: dict[str, type[ast.operator]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "&": ast.BitAnd,
    "|": ast.BitOr,
    "^": ast.BitXor,
    "<<": ast.LShift,
    ">>": ast.RShift,
}
_ORDER: dict[str, type[ast.cmpop]] = {"<": ast.Lt, ">": ast.Gt, "<=": ast.LtE, ">=": ast.GtE}


def _binary(e: Emitter, node: n.Binary) -> ast.expr:
    if node.op in ("&&", "||"):
        return _connective(e, node)
    if node.op in ("==", "!="):
        return _equality(e, node)
    left, right = e.operands((node.left, node.right))
    if node.op in _ORDER and _are_durations(e.members_of(node.left), e.members_of(node.right)):
        left, right = attribute(left, "nanoseconds"), attribute(right, "nanoseconds")
    if node.op in _ORDER:
        return compare(left, _ORDER[node.op](), right)
    return arithmetic(e, node.op, left, right, e.members_of(node.left), e.members_of(node.right))


def arithmetic(e: Emitter, op: str, left: ast.expr, right: ast.expr, left_ty: Types, right_ty: Types) -> ast.expr:
    if _are_durations(left_ty, right_ty):
        sides = attribute(left, "nanoseconds"), attribute(right, "nanoseconds")
        return call(class_name(DURATION.name), ast.BinOp(sides[0], _PLAIN[op](), sides[1]))
    if op == "*" and _may_square(left, right, left_ty, right_ty):
        return _product(e, left, right)
    if op == "<<" and not _is_short(right):
        return call("$shift_left", left, right)
    if op in _PLAIN:
        return ast.BinOp(left, _PLAIN[op](), right)
    kinds = base_kinds(left_ty) | base_kinds(right_ty)
    if op == "/":
        if kinds == {"int"}:
            return _truncating_division(e, left, right)
        return (
            ast.BinOp(left, ast.Div(), right) if _surely_float(left_ty, right_ty) else call("$divide", left, right)
        )
    return _int_remainder(e, left, right) if kinds == {"int"} else call("$remainder", left, right)


def _are_durations(left: Types, right: Types) -> bool:
    return left == right == (DURATION,)


def _may_square(left: ast.expr, right: ast.expr, left_ty: Types, right_ty: Types) -> bool:
    """Whether an int may double its digits. By a literal it only gets a few more, and a loop can be stopped."""
    return not (_is_small(left) or _is_small(right) or _surely_float(left_ty, right_ty))


def _is_small(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, int | float) and abs(value.value) < 2**64


def _is_short(value: ast.expr) -> bool:
    """A shift by no more than a word, which only a loop can make large."""
    return isinstance(value, ast.Constant) and isinstance(value.value, int) and value.value <= 64


def _product(e: Emitter, left: ast.expr, right: ast.expr) -> ast.expr:
    first, again = e.twice(ast.BinOp(left, ast.Mult(), right))
    within = ast.Compare(load("$least"), [ast.Lt(), ast.Lt()], [first, load("$most")])
    return ast.IfExp(within, again, call("$large", again))


def _surely_float(left: Types, right: Types) -> bool:
    return base_kinds(left) == {"float"} or base_kinds(right) == {"float"}


def _truncating_division(e: Emitter, left: ast.expr, right: ast.expr) -> ast.expr:
    """`a // b` for equal signs, else `-(-a // b)`; a literal divisor has a known sign."""
    first_left, left = e.twice(left)
    if isinstance(right, ast.Constant) and type(right.value) is int and right.value > 0:
        negative: ast.expr = compare(first_left, ast.Lt(), ast.Constant(0))
    else:
        first_right, right = e.twice(right)
        negative = compare(
            compare(first_left, ast.Lt(), ast.Constant(0)),
            ast.NotEq(),
            compare(first_right, ast.Lt(), ast.Constant(0)),
        )
    flipped = ast.UnaryOp(ast.USub(), ast.BinOp(ast.UnaryOp(ast.USub(), left), ast.FloorDiv(), right))
    return ast.IfExp(negative, flipped, ast.BinOp(left, ast.FloorDiv(), right))


def _int_remainder(e: Emitter, left: ast.expr, right: ast.expr) -> ast.expr:
    """The sign of the dividend: Python's remainder has that of the divisor."""
    first_left, left = e.twice(left)
    divisor: ast.expr = right
    if not (isinstance(right, ast.Constant) and type(right.value) is int and right.value > 0):
        # The dividend comes first, so the divisor waits in its own temporary.
        first_right, again = e.twice(right)
        if first_right is not again:
            pair = ast.Tuple([first_left, first_right], ast.Load())
            first_left = ast.Subscript(pair, ast.Constant(0), ast.Load())
        divisor = call("$abs", again)
    positive = ast.BinOp(left, ast.Mod(), divisor)
    negative = ast.UnaryOp(ast.USub(), ast.BinOp(ast.UnaryOp(ast.USub(), left), ast.Mod(), divisor))
    return ast.IfExp(compare(first_left, ast.GtE(), ast.Constant(0)), positive, negative)


# --- equality and truth


def base_kinds(types: Types) -> set[str]:
    """What a value can be: base kinds by name, `enum`, and `other` for what is compared by identity."""
    found: set[str] = set()
    for member in types:
        match member:
            case LiteralTy(base=base):
                found.add(base)
            case EnumTy() | VariantTy():
                found.add("enum")
            case UnknownTy() | ErrorTy() | NeverTy() | InterfaceTy() | ParameterTy():
                found.add("unknown")
            case _:
                found.add(_KINDS.get(member, "other"))
    return found


_KINDS: dict[Ty, str] = {INT: "int", FLOAT: "float", STRING: "string", BOOL: "bool", NULL: "null"}


def _equality(e: Emitter, node: n.Binary) -> ast.expr:
    equal = node.op == "=="
    left, right = e.operands((node.left, node.right))
    if id(node) in e.tables.by_content:
        same = call("$deep_equals", rounds(), left, right)
        return same if equal else ast.UnaryOp(ast.Not(), same)
    kinds, others = base_kinds(e.members_of(node.left)), base_kinds(e.members_of(node.right))
    if _by_identity(kinds) or _by_identity(others):
        return compare(unfolded(e, left), ast.Is() if equal else ast.IsNot(), unfolded(e, right))
    if any(kinds <= group and others <= group for group in _SAME_MEANING):
        return compare(left, ast.Eq() if equal else ast.NotEq(), right)
    decided = call("$equal", left, right)
    return decided if equal else ast.UnaryOp(ast.Not(), decided)


_SAME_MEANING = ({"int", "float", "null"}, {"string", "null"}, {"bool", "null"})


def _by_identity(kinds: set[str]) -> bool:
    """One object a value: null, enum values, and everything that has no content equality."""
    return kinds <= {"null", "enum", "other"}


def unfolded(e: Emitter, value: ast.expr) -> ast.expr:
    """Python warns of a constant that is compared by `is`, and finds constants by folding what it can."""
    if isinstance(value, ast.Name | ast.Call | ast.Attribute | ast.List | ast.Dict | ast.Await | ast.NamedExpr):
        return value
    if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, bool)):
        return value
    return ast.NamedExpr(ast.Name(e.temporary(), ast.Store()), value)


def truth(e: Emitter, node: n.Expr) -> ast.expr:
    """A condition: only null and false are not true."""
    value = e.expr(node)
    if isinstance(value, ast.Constant):
        return ast.Constant(value.value is not None and value.value is not False)
    kinds = base_kinds(e.members_of(node))
    if kinds == {"bool"}:
        return value
    if "bool" not in kinds and not kinds & {"unknown", "other"}:
        return compare(unfolded(e, value), ast.IsNot(), ast.Constant(None))
    first, again = e.twice(value)
    return both(compare(first, ast.IsNot(), ast.Constant(None)), compare(again, ast.IsNot(), ast.Constant(False)))


def _connective(e: Emitter, node: n.Binary) -> ast.expr:
    if e.is_inline(node.right):
        op = ast.And() if node.op == "&&" else ast.Or()
        return ast.BoolOp(op, [truth(e, node.left), truth(e, node.right)])
    # The right side needs statements of its own, which run only when it is reached.
    name = e.temporary()
    e.add(ast.Assign([ast.Name(name, ast.Store())], truth(e, node.left)), node)

    def right() -> None:
        e.add(ast.Assign([ast.Name(name, ast.Store())], truth(e, node.right)), node.right)

    test: ast.expr = load(name) if node.op == "&&" else ast.UnaryOp(ast.Not(), load(name))
    e.add(ast.If(test, e.body(right), []), node)
    return load(name)


def _unary(e: Emitter, node: n.Unary) -> ast.expr:
    if node.op == "!":
        return ast.UnaryOp(ast.Not(), truth(e, node.operand))
    op = ast.USub() if node.op == "-" else ast.Invert()
    return ast.UnaryOp(op, e.expr(node.operand))


def element(e: Emitter, node: n.Expr, held: ast.expr, index: ast.expr) -> ast.expr:
    """The element at a place. What is indexed can be read again for the message of a wrong index."""
    if way_to(held) is None:
        held = ast.NamedExpr(store(e.temporary()), held)
    place = index_of(e, held, index)
    e.note_subscript(node, held, place)
    return ast.Subscript(held, place, ast.Load())


def index_of(e: Emitter, held: ast.expr, index: ast.expr) -> ast.expr:
    """An index that Python would count from the end must fail instead."""
    if isinstance(index, ast.Constant) and type(index.value) is int and index.value >= 0:
        return index
    first, again = e.twice(index)
    way = way_to(held)
    assert way is not None
    return ast.IfExp(compare(first, ast.GtE(), ast.Constant(0)), again, call("$wrong_index", again_by(way), again))


OPERATORS: dict[type, Emit] = {n.Binary: _binary, n.Unary: _unary}
