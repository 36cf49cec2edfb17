"""Operators where minijinja's meaning differs from Python's: one order over all kinds, `in`, bounded sizes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import cmp_to_key, partial
from typing import Any

from .limits import MAX_POWER_BITS, budget, check_length
from .values import MISSING, TemplateObject, kind_of, show

# Values of different kinds are ordered by kind, so a comparison never fails.
_RANK = {"undefined": 0, "none": 1, "bool": 2, "number": 3, "string": 4, "sequence": 6, "map": 7, "object": 8}


def order(left: Any, right: Any, depth: int = 0) -> int:
    """Negative, zero or positive, as `left` is before, equal to or after `right`."""
    left_kind, right_kind = kind_of(left), kind_of(right)
    if left_kind != right_kind:
        return _RANK.get(left_kind, 9) - _RANK.get(right_kind, 9)
    if left_kind in ("bool", "number", "string"):
        return int(left > right) - int(left < right)
    if left is right:
        return 0
    if left_kind == "sequence":
        if depth:
            budget().step(min(len(left), len(right)))
        pairs = (order(a, b, depth + 1) for a, b in zip(left, right, strict=False))
        return next((sign for sign in pairs if sign), len(left) - len(right))
    return 0


def same(left: Any, right: Any) -> bool:
    """`==`, which is Python's for what holds nothing. What both hold twice is compared once."""
    pending = [(left, right)]
    seen: set[tuple[int, int]] = set()
    spent = budget()
    while pending:
        a, b = pending.pop()
        parts = _compared(a, b)
        if parts is None:
            # Not-a-number is not itself, but a list with it is.
            if not (a == b or (a is b and a is not left)):
                return False
        elif a is not b and (id(a), id(b)) not in seen:
            if parts is _DIFFERENT:
                return False
            seen.add((id(a), id(b)))
            spent.step(len(parts))
            pending += parts
    return True


_DIFFERENT: list[tuple[Any, Any]] = []


def _compared(left: Any, right: Any) -> list[tuple[Any, Any]] | None:
    """The pairs that must be the same for two lists, maps or objects to be it; None for what Python compares."""
    if isinstance(left, TemplateObject) and type(left) is type(right):
        left, right = left.content(), right.content()
    elif isinstance(left, TemplateObject) and isinstance(right, Mapping):
        left = left.entries()
    elif isinstance(right, TemplateObject) and isinstance(left, Mapping):
        right = right.entries()
    if (isinstance(left, list) and isinstance(right, list)) or (
        isinstance(left, tuple) and isinstance(right, tuple)
    ):
        return list(zip(left, right, strict=True)) if len(left) == len(right) else _DIFFERENT
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return [(left[key], right[key]) for key in left] if left.keys() == right.keys() else _DIFFERENT
    return None


sort_key = cmp_to_key(partial(order, depth=0))


def contains(container: Any, item: Any) -> bool:
    if isinstance(container, str):
        return show(item) in container
    if isinstance(container, list | tuple | range):
        return any(same(item, part) for part in container)
    entries = container.entries() if isinstance(container, TemplateObject) else container
    if isinstance(entries, Mapping):
        return show(item) in entries
    if kind_of(container) == "undefined":
        return False
    raise TypeError(f"cannot look for something in a value of kind {kind_of(container)}")


def iterate(value: Any) -> list[Any]:
    """What a loop over the value sees. Nothing is in none and undefined."""
    if isinstance(value, str | list | tuple | range | Mapping):
        return list(value)
    if isinstance(value, TemplateObject):
        entries = value.entries()
        if entries is not None:
            return list(entries)
    if kind_of(value) in ("none", "undefined"):
        return []
    raise TypeError(f"a value of kind {kind_of(value)} cannot be looped over")


def look_up(value: Any, key: Any) -> object:
    """`value[key]` and `value.key`: the entry, or `MISSING`. Never an attribute of a Python object."""
    if isinstance(value, TemplateObject):
        return value.attribute(key) if isinstance(key, str) else MISSING
    if isinstance(value, Mapping):
        return value.get(key, MISSING)
    if isinstance(value, list | tuple | range | str) and isinstance(key, int) and not isinstance(key, bool):
        return value[key] if -len(value) <= key < len(value) else MISSING
    return MISSING


def length(value: Any) -> int:
    if isinstance(value, str | list | tuple | range | Mapping):
        return len(value)
    entries = value.entries() if isinstance(value, TemplateObject) else None
    if entries is None:
        raise TypeError(f"a value of kind {kind_of(value)} has no length")
    return len(entries)


def concatenate(*values: object) -> str:
    parts = [show(value) for value in values]
    check_length(sum(map(len, parts)))
    return "".join(parts)


def add(left: Any, right: Any) -> Any:
    if any(isinstance(left, kind) and isinstance(right, kind) for kind in (str, list)):
        check_length(len(left) + len(right))
        return left + right
    return _arithmetic("+", operator.add, left, right)


def multiply(left: Any, right: Any) -> Any:
    if isinstance(right, str | list):
        left, right = right, left
    if isinstance(left, str | list) and isinstance(right, int):
        check_length(len(left) * right)
        return left * right
    return _arithmetic("*", operator.mul, left, right)


def divide(left: float, right: float) -> float:
    """`/` is about floats, which have an answer for a division by zero; `//` fails there."""
    if right == 0:
        return math.copysign(math.inf, left) if left else math.nan
    return left / right


def divide_whole(left: float, right: float) -> float:
    """`//`, whose remainder `%` is never negative, whatever the signs."""
    if right == 0:
        raise ArithmeticError("division by zero")
    return left // right if right > 0 else -(left // -right)


def remainder(left: float, right: float) -> float:
    if right == 0:
        raise ArithmeticError("division by zero")
    return left % abs(right)


def power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > MAX_POWER_BITS:
        raise ArithmeticError("the result of ** is too large")
    return _arithmetic("**", operator.pow, left, right)


def _arithmetic(sign: str, function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if isinstance(left, int | float) and isinstance(right, int | float):
        return function(left, right)
    raise TypeError(f"{sign} does not work on {kind_of(left)} and {kind_of(right)}")


def _plain(sign: str, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda left, right: _arithmetic(sign, function, left, right)


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": _plain("-", operator.sub),
    "*": multiply,
    "/": _plain("/", divide),
    "//": _plain("//", divide_whole),
    "%": _plain("%", remainder),
    "**": power,
}

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": same,
    "ne": lambda left, right: not same(left, right),
    "lt": lambda left, right: order(left, right) < 0,
    "lteq": lambda left, right: order(left, right) <= 0,
    "gt": lambda left, right: order(left, right) > 0,
    "gteq": lambda left, right: order(left, right) >= 0,
    "in": lambda left, right: contains(right, left),
    "notin": lambda left, right: not contains(right, left),
}
