"""What a reduction is given, and how it is taken apart: tokens, nodes, and rules that are no nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar, cast, get_args

from ..records import dataclass
from . import nodes as n
from .tokens import Token, int_value

C = TypeVar("C")

# What a reduction is given: each of the kinds that the rule names, in its order. Only the grammar knows which.
Children: TypeAlias = list[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A rule that is no node of its own: what it held, for the rule around it."""

    rule: str
    children: tuple[Any, ...]
    start: int
    end: int


def part_for(rule: str) -> Callable[[Children], Part]:
    return lambda c: Part(rule, tuple(c), c[0].start, c[-1].end)


def all_of(children: Iterable[Any], kind: type[C] | tuple[type[C], ...]) -> tuple[C, ...]:
    return tuple(child for child in children if isinstance(child, kind))


def first_of(children: Iterable[Any], kind: type[C] | tuple[type[C], ...]) -> C | None:
    return next((child for child in children if isinstance(child, kind)), None)


def part_named(children: Iterable[Any], rule: str) -> Part | None:
    return next((c for c in children if isinstance(c, Part) and c.rule == rule), None)


def has_token(children: Iterable[Any], type: str) -> bool:
    return any(isinstance(c, Token) and c.type == type for c in children)


def identifier(token: Token) -> n.Identifier:
    return n.Identifier(token.start, token.end, token.value)


def identifiers(children: Iterable[Any]) -> tuple[n.Identifier, ...]:
    return tuple(identifier(c) for c in children if isinstance(c, Token) and c.type == "NAME")


def first_name(children: Sequence[Any]) -> n.Identifier:
    return identifiers(children)[0]


def doc_of(children: Sequence[Any]) -> str | None:
    return cast("str | None", children[0].doc)


# Tuples: `isinstance` is asked about every part of every reduction, and is slower with a union.
TYPES = get_args(n.TypeNode)
EXPRESSIONS = get_args(n.Expr)
PATTERNS = get_args(n.Pattern)


def types_of(children: Iterable[Any]) -> tuple[n.TypeNode, ...]:
    return tuple(child for child in children if isinstance(child, TYPES))


def exprs_of(children: Iterable[Any]) -> tuple[n.Expr, ...]:
    return tuple(child for child in children if isinstance(child, EXPRESSIONS))


LITERALS: dict[str, Callable[[str], str | int | float | bool | None]] = {
    "INT": int_value,
    "FLOAT": float,
    "STRING": str,
    "RAW": str,
    "TRUE": lambda _: True,
    "FALSE": lambda _: False,
    "NULL": lambda _: None,
}

TEXT_KINDS: dict[str, Any] = {"STRING": "string", "RAW": "raw", "JINJA": "jinja", "UNQUOTED": "bare"}
