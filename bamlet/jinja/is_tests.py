"""The tests that stand after `is`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from .operators import COMPARE, contains
from .values import TemplateObject, kind_of, show


def is_map(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, TemplateObject) and value.entries() is not None)


def is_sequence(value: Any) -> bool:
    return isinstance(value, list | tuple | range)


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TESTS: dict[str, Callable[..., bool]] = {
    "!=": COMPARE["ne"],
    "<": COMPARE["lt"],
    "<=": COMPARE["lteq"],
    "==": COMPARE["eq"],
    ">": COMPARE["gt"],
    ">=": COMPARE["gteq"],
    "boolean": lambda value: isinstance(value, bool),
    "defined": lambda value: kind_of(value) != "undefined",
    "divisibleby": lambda value, by: is_integer(value) and value % by == 0,
    "endingwith": lambda value, end: isinstance(value, str) and value.endswith(end),
    "eq": COMPARE["eq"],
    "equalto": COMPARE["eq"],
    "even": lambda value: is_integer(value) and value % 2 == 0,
    "false": lambda value: value is False,
    "float": lambda value: isinstance(value, float),
    "ge": COMPARE["gteq"],
    "greaterthan": COMPARE["gt"],
    "gt": COMPARE["gt"],
    "in": lambda value, container: contains(container, value),
    "integer": is_integer,
    "iterable": lambda value: isinstance(value, str) or is_sequence(value) or is_map(value),
    "le": COMPARE["lteq"],
    "lessthan": COMPARE["lt"],
    "lower": lambda value: all(map(str.islower, show(value))),
    "lt": COMPARE["lt"],
    "mapping": is_map,
    "ne": COMPARE["ne"],
    "none": lambda value: value is None,
    "number": is_number,
    "odd": lambda value: is_integer(value) and value % 2 == 1,
    "sameas": operator.is_,
    "sequence": is_sequence,
    "startingwith": lambda value, start: isinstance(value, str) and value.startswith(start),
    "string": lambda value: isinstance(value, str),
    "true": lambda value: value is True,
    "undefined": lambda value: kind_of(value) == "undefined",
    "upper": lambda value: all(map(str.isupper, show(value))),
}

NAME_TESTS = ("filter", "test")
"""`'upper' is filter`: answered by the environment, which knows the names."""
