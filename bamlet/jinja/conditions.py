"""A constraint as a condition on values: what is compared with which literal, joined by and and or.

It serves who wants a value that meets the constraint. What it has no words for is `Unclear`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from jinja2 import nodes

from ..records import dataclass
from .compiled import read_expression
from .errors import TemplateError
from .syntax import SELF_INSIDE


@dataclass(frozen=True, slots=True)
class Compared:
    """`this.path OP value`, or `this.path|length OP value`. The operator is `eq ne lt lteq gt gteq in notin`."""

    path: tuple[str, ...]
    length: bool
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Shaped:
    """A text that matches a pattern, or begins or ends with another."""

    path: tuple[str, ...]
    kind: Literal["pattern", "start", "end"]
    value: str


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Unclear:
    """Whatever holds it must be tried."""


Condition: TypeAlias = Compared | Shaped | AllOf | OneOf | Unclear

_TURNED = {"lt": "gt", "lteq": "gteq", "gt": "lt", "gteq": "lteq", "eq": "eq", "ne": "ne"}
_NEGATED = {
    "lt": "gteq",
    "gteq": "lt",
    "gt": "lteq",
    "lteq": "gt",
    "eq": "ne",
    "ne": "eq",
    "in": "notin",
    "notin": "in",
}
_AFFIXES: dict[str, Literal["start", "end"]] = {
    "startswith": "start",
    "endswith": "end",
    "startingwith": "start",
    "endingwith": "end",
}


def read_condition(expression: str) -> Condition:
    """Never raises: what does not parse is unclear, too."""
    try:
        tree = read_expression(expression)
    except TemplateError:
        return Unclear()
    return _read(tree, True)


def _read(node: nodes.Node, wanted: bool) -> Condition:
    """The condition under which a node is true, or under which it is not."""
    match node:
        case nodes.And() | nodes.Or():
            parts = _read(node.left, wanted), _read(node.right, wanted)
            return AllOf(parts) if isinstance(node, nodes.And) == wanted else OneOf(parts)
        case nodes.Not():
            return _read(node.node, not wanted)
        case nodes.Compare():
            return _compared(node, wanted)
        case nodes.Filter(name="regex_match", node=nodes.Node() as inner, args=[nodes.Const(value=str(pattern))]):
            return _shaped(inner, "pattern", pattern, wanted)
        case nodes.Call(node=nodes.Getattr(node=inner, attr=attr), args=[nodes.Const(value=str(text))]):
            return _shaped(inner, _AFFIXES[attr], text, wanted) if attr in _AFFIXES else Unclear()
        case nodes.Test(name=name, node=inner, args=[nodes.Const(value=str(text))]):
            return _shaped(inner, _AFFIXES[name], text, wanted) if name in _AFFIXES else Unclear()
    path = _subject(node)
    return Unclear() if path is None or path[1] else Compared(path[0], False, "eq", wanted)


def _shaped(node: nodes.Node, kind: Literal["pattern", "start", "end"], text: str, wanted: bool) -> Condition:
    subject = _subject(node)
    return Shaped(subject[0], kind, text) if wanted and subject is not None and not subject[1] else Unclear()


def _compared(node: nodes.Compare, wanted: bool) -> Condition:
    left: nodes.Expr = node.expr
    parts = []
    for operand in node.ops:
        parts.append(_pair(left, operand.op, operand.expr, wanted))
        left = operand.expr
    if len(parts) == 1:
        return parts[0]
    return AllOf(tuple(parts)) if wanted else OneOf(tuple(parts))


def _pair(left: nodes.Node, operator: str, right: nodes.Node, wanted: bool) -> Condition:
    subject, value = _subject(left), _literal(right)
    if subject is None and operator in _TURNED:
        subject, value, operator = _subject(right), _literal(left), _TURNED[operator]
    if subject is None or value is None:
        return Unclear()
    return Compared(*subject, operator if wanted else _NEGATED[operator], value.value)


def _subject(node: nodes.Node) -> tuple[tuple[str, ...], bool] | None:
    """`this`, a field of it, or the length of one."""
    if isinstance(node, nodes.Filter) and node.name in ("length", "count") and node.node is not None:
        inner = _subject(node.node)
        return (inner[0], True) if inner is not None and not inner[1] else None
    path: list[str] = []
    while isinstance(node, nodes.Getattr):
        path.insert(0, node.attr)
        node = node.node
    if isinstance(node, nodes.Name) and node.name in ("this", SELF_INSIDE):
        return tuple(path), False
    return None


@dataclass(frozen=True, slots=True)
class _Literal:
    value: Any


def _literal(node: nodes.Node) -> _Literal | None:
    match node:
        case nodes.Const():
            return _Literal(node.value)
        case nodes.Neg(node=nodes.Const(value=int() | float() as number)):
            return _Literal(-number)
        case nodes.List() | nodes.Tuple():
            return _all(node.items)
    return None


def _all(items: Iterable[nodes.Node]) -> _Literal | None:
    values = []
    for item in items:
        value = _literal(item)
        if value is None:
            return None
        values.append(value.value)
    return _Literal(values)
