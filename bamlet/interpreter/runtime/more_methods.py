"""What lists, texts and numbers can do beside the usual: out of range is null, a panic, or told by what throws."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .failures import Panic, Thrown
from .operators import _MOST, MAX_BITS, large

MAX_FILLED = 10_000_000  # elements that a list is made of at once


def splice(error: Callable[[str], Any], items: list[Any], start: int, count: int, others: list[Any]) -> None:
    """Other elements in the place of so many."""
    if start < 0 or count < 0 or start + count > len(items):
        raise Thrown(error(f"there are no {count} elements at place {start} of a list of {len(items)}"))
    items[start : start + count] = others


def last_index_of(equal: Callable[[Any, Any], bool], items: list[Any], wanted: Any) -> int | None:
    return next((place for place in range(len(items) - 1, -1, -1) if equal(items[place], wanted)), None)


def backwards(items: list[Any]) -> list[Any]:
    return items[::-1]


def filled(count: int, value: Any) -> list[Any]:
    if not 0 <= count <= MAX_FILLED:
        raise Panic(f"no list is made of {count} elements at once", "OutOfMemory")
    return [value] * count


def code_point_at(text: str, place: int) -> int | None:
    return ord(text[place]) if -len(text) <= place < len(text) else None


def clamp(number: int, least: int, most: int) -> int:
    return max(least, min(number, most))


def power(number: int, by: int) -> int:
    """Whole numbers stay whole, so there is none to a negative power."""
    if by < 0:
        raise Panic(f"a whole number has no power {by}", "InvalidNumber")
    return int(number**by) if number.bit_length() * by <= MAX_BITS else large(_MOST)


WORDS: dict[str, Any] = {
    "$splice": splice,
    "$last_index_of": last_index_of,
    "$filled": filled,
    "$code_point_at": code_point_at,
    "$clamp": clamp,
    "$power": power,
    "$is_nan": math.isnan,
    "$sum": sum,
    "$backwards": backwards,
}
