"""Filters over text and numbers, and the table of all filters. Sizes are checked before a text is built."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import regex
from . import methods, sequences
from .formats import format_as, to_json
from .limits import check_length
from .operators import iterate
from .values import kind_of, pretty, show

_HTML = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "/": "&#x2f;"},
)
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def capitalize(value: object) -> str:
    text = show(value)
    return text[:1].upper() + text[1:].lower()


def regex_match(value: object, pattern: object) -> bool:
    """A text that is no pattern matches nothing."""
    try:
        program = regex.compiled(show(pattern))
    except regex.BadPattern:
        return False
    return program.search(show(value))


def title(value: object) -> str:
    """A letter after a blank or an ASCII punctuation mark is upper case, every other one lower case."""
    result, start = [], True
    for char in show(value):
        if char in _PUNCTUATION or char.isspace():
            result.append(char)
            start = True
        else:
            result.append(char.upper() if start else char.lower())
            start = False
    return "".join(result)


def trim(value: object, chars: str | None = None) -> str:
    return show(value).strip(chars)


def indent(value: object, width: int, first: bool = False, blank: bool = False) -> str:
    lines = show(value).split("\n")
    check_length(sum(map(len, lines)) + width * len(lines))
    pad = " " * width
    kept = [line if not (line or blank) else pad + line for line in lines[1:]]
    return "\n".join([pad + lines[0] if first else lines[0], *kept])


def absolute(value: Any) -> Any:
    return abs(_number(value))


def to_int(value: Any, default: Any = None) -> Any:
    if value is None:  # which BAML takes for nought
        return 0 if default is None else default
    try:
        return int(float(value)) if isinstance(value, str) and not _is_int(value) else int(value)
    except (ValueError, TypeError, OverflowError):
        if default is None:
            raise TypeError(f"{show(value)!r} is not an int") from None
        return default


def to_float(value: Any, default: Any = None) -> Any:
    if value is None:
        return 0.0 if default is None else default
    try:
        return float(value)
    except (ValueError, TypeError):
        if default is None:
            raise TypeError(f"{show(value)!r} is not a float") from None
        return default


def round_half_away(value: Any, precision: int = 0, method: str = "common") -> Any:
    number = _number(value)
    if isinstance(number, int):
        return number
    if method not in ("common", "ceil", "floor"):
        raise TypeError(f"round has the methods common, ceil and floor, not {method}")
    factor = 10.0 ** max(-300, min(precision, 300))
    scaled = abs(number) * factor
    if not math.isfinite(scaled):
        return number
    if method == "common":
        return math.copysign(math.floor(scaled + 0.5) / factor, number)
    return float((math.ceil if method == "ceil" else math.floor)(number * factor)) / factor


def escape(value: object) -> str:
    return show(value).translate(_HTML)


def lines(value: object) -> list[str]:
    parts = show(value).split("\n")
    if parts[-1] == "":
        parts.pop()
    return [part.removesuffix("\r") for part in parts]


def split(value: object, separator: str | None = None, most: int | None = None) -> list[str]:
    return methods.split(show(value), separator, most)


def _number(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    raise TypeError(f"a value of kind {kind_of(value)} is not a number")


def _is_int(text: str) -> bool:
    return text.strip().lstrip("+-").isdecimal()


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": absolute,
    "bool": bool,
    "capitalize": capitalize,
    "e": escape,
    "escape": escape,
    "float": to_float,
    "format": format_as,
    "indent": indent,
    "int": to_int,
    "lines": lines,
    "list": iterate,
    "lower": lambda value: show(value).lower(),
    "pprint": pretty,
    "regex_match": regex_match,
    "replace": lambda value, old, new: methods.replace(show(value), old, new),
    "round": round_half_away,
    "safe": lambda value: value,
    "split": split,
    "string": show,
    "title": title,
    "tojson": to_json,
    "trim": trim,
    "upper": lambda value: show(value).upper(),
    **sequences.FILTERS,
}
"""Called with the value and the arguments as they stand."""

HIGHER_FILTERS: dict[str, Callable[..., Any]] = sequences.HIGHER_FILTERS
"""Called with a `sequences.Names` first: they look up filters and tests by name."""
