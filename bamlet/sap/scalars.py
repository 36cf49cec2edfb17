"""Numbers and booleans out of text: what a model writes where a scalar is wanted."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from .nodes import NUMBER

# CPython refuses longer ones by default, because reading them takes quadratic time.
MAX_DIGITS = 4300

_FRACTION = re.compile(r"([-+]?[0-9.]+)\s*/\s*([-+]?[0-9.]+)")
_NUMBER_IN_TEXT = re.compile(
    r"(?P<sign>[-+]?)[$€£]?(?P<number>(?:[0-9]+(?:,[0-9]+)*(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
)
_NOT_FINITE = {
    "nan": math.nan,
    "inf": math.inf,
    "+inf": math.inf,
    "infinity": math.inf,
    "+infinity": math.inf,
    "-inf": -math.inf,
    "-infinity": -math.inf,
}


class NumberInText(NamedTuple):
    """`partial` tells that the text said more than the number."""

    value: int | float
    partial: bool = False


def number_in_text(text: str) -> NumberInText | None:
    """The one number that a text means, if it means exactly one."""
    if not NUMBER.fullmatch(text):
        text = text.strip()
        if text.endswith(","):
            text = text[:-1].rstrip()
    if NUMBER.fullmatch(text):
        value = _number(text)
        return None if value is None else NumberInText(value)
    if text.lower() in _NOT_FINITE:
        return NumberInText(_NOT_FINITE[text.lower()])
    fraction = _FRACTION.fullmatch(text)
    if fraction and all(NUMBER.fullmatch(part) for part in fraction.groups()):
        below = float(fraction[2])
        return NumberInText(float(fraction[1]) / below) if below else None
    found = list(_first_two(text))
    if len(found) != 1:
        return None
    match = found[0]
    value = _number(match["sign"] + match["number"].replace(",", ""))
    return None if value is None else NumberInText(value, partial=match[0] != text)


def whole_number(value: int | float) -> int | None:
    """Rounded half away from zero; nothing for what is not a number or not finite."""
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        return None
    rounded = math.floor(abs(value) + 0.5) if abs(value) < 2**52 else int(abs(value))
    return -rounded if value < 0 else rounded


def bool_in_text(text: str) -> bool | None:
    """The one truth value that a text names, as a word in lower, Title or upper case."""
    simple = text.strip().lower()
    if simple in ("true", "false"):
        return simple == "true"
    says_true = any(word in text for word in ("true", "True", "TRUE"))
    says_false = any(word in text for word in ("false", "False", "FALSE"))
    return says_true if says_true != says_false else None


def _number(text: str) -> int | float | None:
    if not text.lstrip("+-").isdigit():
        return float(text)
    return int(text) if len(text) <= MAX_DIGITS else None


def _first_two(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    for match in _NUMBER_IN_TEXT.finditer(text):
        found.append(match)
        if len(found) == 2:
            break
    return found
