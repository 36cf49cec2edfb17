"""The types of operators: what each takes and gives, and what was meant where it does not."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.relate import widen_literals
from ...types.show import show
from ...types.ty import (
    BOOL,
    DURATION,
    ERROR,
    FLOAT,
    INT,
    NEVER,
    STRING,
    LiteralTy,
    PrimitiveTy,
    Ty,
    is_optional,
    union,
)
from .futures import awaited_first
from .narrow import assume
from .state import Checker, Infer, is_error

_ARITHMETIC = {"+", "-", "*", "/", "%"}
_BITS = {"&", "|", "^", "<<", ">>"}
_ORDER = {"<", ">", "<=", ">="}


def _binary(c: Checker, node: n.Binary, expected: Ty | None) -> Ty:
    if node.op in ("&&", "||"):
        return _connective(c, node)
    if node.op in ("==", "!="):
        sides = c.infer(node.left), c.infer(node.right)
        by_content = c.edition == 2 or sides == (DURATION, DURATION)
        if by_content and all(map(c.relation.may_hold_values, sides)):
            c.tables.by_content.add(id(node))
            c.tables.walks = True
        return NEVER if NEVER in sides else BOOL
    if node.op == "|" and isinstance(node.left, n.Is) and isinstance(node.right, n.Path):
        c.infer(node.left)
        c.tables.types[id(node.right)] = ERROR
        hint = f"put all that it may be in parentheses: `… is (… | {node.right.name})`"
        c.wrong(node.right, catalogue.INVALID_OPERATOR, "`is` asks for one pattern", hint=hint)
        return BOOL
    left, right = c.infer(node.left), c.infer(node.right)
    if is_error(left) or is_error(right):
        return BOOL if node.op in _ORDER else ERROR
    result = operator_result(c, node.op, left, right)
    if result is None:
        message = f"`{node.op}` does not work on `{show(left)}` and `{show(right)}`"
        c.wrong(node, catalogue.INVALID_OPERATOR, message, hint=operator_hint(c, node.op, left, right))
        return BOOL if node.op in _ORDER else ERROR
    return result


def operator_result(c: Checker, op: str, left: Ty, right: Ty) -> Ty | None:
    """The type of `left op right`, or None when the operator does not have such operands."""
    if c.relation.members(left) == c.relation.members(right) == (DURATION,):
        return BOOL if op in _ORDER else DURATION if op in ("+", "-") else None
    kinds = _kinds(c, left) | _kinds(c, right)
    if not _kinds(c, left) or not _kinds(c, right):
        return NEVER
    if op in _BITS:
        return INT if kinds == {"int"} else None
    if kinds == {"string"}:
        return STRING if op == "+" else BOOL if op in _ORDER else None
    if not kinds <= {"int", "float"}:
        return None
    if op in _ORDER:
        return BOOL
    if kinds == {"int"}:
        return INT
    surely_float = "int" not in _kinds(c, left) or "int" not in _kinds(c, right)
    return FLOAT if surely_float else union((INT, FLOAT))


def _kinds(c: Checker, ty: Ty) -> set[str]:
    """The base kinds that a value can have; `never` has none."""
    found: set[str] = set()
    for member in c.relation.members(ty):
        match member:
            case PrimitiveTy(name=name):
                found.add(name)
            case LiteralTy(base=base):
                found.add(base)
            case other:
                found |= {"other"} if other != NEVER else set()
    return found


def operator_hint(c: Checker, op: str, left: Ty, right: Ty) -> str | None:
    if hint := awaited_first(c, left, right):
        return hint
    if is_optional(left) or is_optional(right):
        return "the value may be null: test it first" + (", or write `?? …` behind it" if c.edition == 2 else "")
    if op == "+" and STRING in (widen_literals(left), widen_literals(right)):
        if c.edition == 2:
            return "`+` joins strings only: write `` `… ${value}` ``, or `string.from(value)`"
        return "there is no implicit conversion to a string: use baml.unstable.string(…)"
    if op in _OF_BOOLS and BOOL in (widen_literals(left), widen_literals(right)):
        return f"comparisons bind tighter: put `… {op} …` in parentheses, or write `{_OF_BOOLS[op]}` for bools"
    return None


_OF_BOOLS = {"&": "&&", "|": "||", "^": "!="}


def _connective(c: Checker, node: n.Binary) -> Ty:
    """The right operand is evaluated only where the left one let it, and is checked so."""
    for held in (True, False):
        c.facts_of.pop((id(node), held), None)
    left = c.infer(node.left)
    without_right = c.facts
    c.facts = assume(c, node.left, node.op == "&&")
    right = c.infer(node.right)
    c.facts = without_right if right == NEVER else c.merge(without_right, c.facts)
    return NEVER if left == NEVER else BOOL


def _unary(c: Checker, node: n.Unary, expected: Ty | None) -> Ty:
    ty = c.infer(node.operand)
    if ty == NEVER or is_error(ty):
        return ty
    if node.op == "!":
        return BOOL
    kinds = _kinds(c, ty)
    if node.op == "-" and kinds <= {"int", "float"}:
        return widen_literals(ty)
    if node.op == "~" and kinds == {"int"}:
        return INT
    if node.op in ("++", "--"):
        hint = f"write `{node.op[0]}` alone"
        if isinstance(node.operand, n.Path):
            hint = f"write `{node.operand.name} {node.op[0]}= 1`"
        c.wrong(node, catalogue.UNSUPPORTED, f"there is no operator `{node.op}`", hint=hint)
    else:
        c.wrong(node, catalogue.INVALID_OPERATOR, f"`{node.op}` does not work on `{show(ty)}`")
    return ERROR


OPERATORS: dict[type, Infer] = {n.Unary: _unary, n.Binary: _binary}
