"""Numbers and booleans out of text: what a model writes where a scalar is wanted."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from ..patterns import pattern
from .nodes import NUMBER

# CPython refuses longer ones by default, because reading them takes quadratic time.
MAX_DIGITS = 4300

_FRACTION = pattern(r"([-+]?[0-9.]+)\s*/\s*([-+]?[0-9.]+)")
_NUMBER_IN_TEXT = pattern(
    r"(?P<sign>[-+]?)[$€£]?(?P<number>(?:[0-9]+(?:,[0-9]+)*(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
)
# Thousands as most write them, and as India does. Any other comma may as well part two numbers, or be a point.
_GROUPS = pattern(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}")
_TIMES = pattern(
    r"(?:[kKMB]|bn|mn|mln|mrd|tn)\b|\s*(?i:hundred|thousand|million|billion|trillion|lakh|crore|dozen)s?\b"
)
_DIGIT_OF_VALUE = pattern("[1-9]")
_EXACT_BELOW = 2**53  # every whole number below is a float
_NOT_FINITE = {
    "nan": math.nan,
    "inf": math.inf,
    "+inf": math.inf,
    "infinity": math.inf,
    "+infinity": math.inf,
    "-inf": -math.inf,
    "-infinity": -math.inf,
}


class Numeral(NamedTuple):
    """A number as it is written, as a fraction. `partial` tells that the text said more than the number, and
    `doubt` why the number may well be another one.
    """

    above: int
    below: int = 1
    partial: bool = False
    doubt: str | None = None

    @property
    def is_whole(self) -> bool:
        return self.above % self.below == 0

    def rounded(self) -> int:
        """Half away from zero, and exact for any size."""
        if self.below == 1:
            return self.above
        size = (2 * abs(self.above) + self.below) // (2 * self.below)
        return -size if self.above < 0 else size

    def nearest(self) -> float:
        """The float closest to it: infinite beyond the largest one."""
        try:
            return self.above / self.below
        except OverflowError:
            return math.inf if self.above > 0 else -math.inf


def float_of(text: str) -> tuple[float, str | None]:
    """The float that a number is read as, and what it lost, if that is more than the last of its decimals."""
    value = float(text)
    if math.isinf(value):
        return value, f"too large for a float: read as {value}"
    if value == 0 and _DIGIT_OF_VALUE.search(text.lower().partition("e")[0]):
        return value, "too small for a float: read as 0.0"
    if abs(value) >= _EXACT_BELOW and "e" not in text.lower():
        numeral = _numeral(text)
        if numeral is not None and numeral.is_whole and numeral.rounded() != int(value):
            return value, f"more digits than a float has: read as {int(value)}"
    return value, None


def not_finite(text: str) -> float | None:
    """The float that a word stands for."""
    return _NOT_FINITE.get(text.strip().removesuffix(",").rstrip().lower())


def number_in_text(text: str) -> Numeral | None:
    """The one number that a text means, if it means exactly one."""
    if not NUMBER.fullmatch(text):
        text = text.strip()
        if text.endswith(","):
            text = text[:-1].rstrip()
    if NUMBER.fullmatch(text):
        return _numeral(text)
    fraction = _FRACTION.fullmatch(text)
    if fraction and all(NUMBER.fullmatch(part) for part in fraction.groups()):
        return _quotient(*map(_numeral, fraction.groups()))
    found = list(_first_two(text))
    if len(found) != 1:
        return None
    match = found[0]
    value = _numeral(match["sign"] + match["number"].replace(",", ""))
    return value._replace(partial=match[0] != text, doubt=_doubt(match)) if value is not None else None


def _doubt(match: re.Match[str]) -> str | None:
    whole = match["number"].partition(".")[0]
    if "," in whole and not _GROUPS.fullmatch(whole):
        return "commas that group no thousands"
    times = _TIMES.match(match.string, match.end())
    return f"times {times[0].strip()}" if times else None


def bool_in_text(text: str) -> bool | None:
    """The one truth value that a text names, as a word in lower, Title or upper case."""
    simple = text.strip().lower()
    if simple in ("true", "false"):
        return simple == "true"
    says_true = any(word in text for word in ("true", "True", "TRUE"))
    says_false = any(word in text for word in ("false", "False", "FALSE"))
    return says_true if says_true != says_false else None


def _numeral(text: str) -> Numeral | None:
    """Nothing for one of more digits than anybody means, or of an exponent that takes it beyond all floats."""
    if text.lstrip("+-").isdigit():
        return Numeral(int(text)) if len(text) <= MAX_DIGITS else None
    digits, _, exponent = text.lower().partition("e")
    whole, _, decimals = digits.partition(".")
    if len(digits) > MAX_DIGITS or len(exponent) > MAX_DIGITS:
        return None
    above, scale = int(whole + decimals), int(exponent or 0) - len(decimals)
    if len(digits) + abs(scale) > MAX_DIGITS or (exponent and math.isinf(float(text))):
        return None
    return Numeral(above * 10**scale) if scale >= 0 else Numeral(above, 10**-scale)


def _quotient(above: Numeral | None, below: Numeral | None) -> Numeral | None:
    if above is None or below is None or below.above == 0:
        return None
    sign = -1 if below.above < 0 else 1
    return Numeral(sign * above.above * below.below, abs(below.above) * above.below)


def _first_two(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    for match in _NUMBER_IN_TEXT.finditer(text):
        found.append(match)
        if len(found) == 2:
            break
    return found
