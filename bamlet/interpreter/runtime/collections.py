"""What lists, maps, strings and numbers can do that no single Python expression says: called by compiled code.

An index never counts from the end; a place to cut at does: `slice(-2)` is the last two.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ...patterns import pattern
from .failures import Panic
from .subscripts import described

# --- lists


def pop(items: list[Any], at: int = -1) -> Any:
    """The last element, or the one at a place, taken out; null if there is none."""
    return items.pop(at) if items else None


def shift(items: list[Any]) -> Any:
    return pop(items, 0)


def insert(items: list[Any], at: int, item: Any) -> None:
    """Before the element at a place; at the length it is appended."""
    if not 0 <= at <= len(items):
        raise Panic(described(items, at), "IndexOutOfBounds")
    items.insert(at, item)


def remove_at(items: list[Any], at: int) -> Any:
    if not 0 <= at < len(items):
        raise Panic(described(items, at), "IndexOutOfBounds")
    return items.pop(at)


def sort(values: list[Any]) -> list[Any]:
    """Smallest first, not-a-number last."""
    return sorted(values) if _all_ordered(values) else sorted_by(values, values)


def sorted_by(items: list[Any], keys: list[Any]) -> list[Any]:
    """The items in the order of their keys. Equal keys change nothing; those without a place come last."""
    places = range(len(keys))
    if _all_ordered(keys):
        return [items[at] for at in sorted(places, key=keys.__getitem__)]
    ordered = [at for at in places if keys[at] == keys[at]]
    others = [at for at in places if keys[at] != keys[at]]
    return [items[at] for at in (*sorted(ordered, key=keys.__getitem__), *others)]


def _all_ordered(keys: list[Any]) -> bool:
    """Not-a-number, which is not even equal to itself, has no place in an order."""
    return not any(map(operator.ne, keys, keys))


def index_of(equal: Callable[[Any, Any], bool], items: list[Any], wanted: Any) -> int:
    return next((at for at, item in enumerate(items) if equal(item, wanted)), -1)


# --- maps


def entries(held: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """The entries that the map has now, whatever happens to it while they are gone through."""
    return list(held.items())


def delete(held: dict[Any, Any], key: Any) -> bool:
    """Whether there was such a key."""
    if key not in held:
        return False
    del held[key]
    return True


# --- strings


def split(text: str, separator: str) -> list[str]:
    """An empty separator splits between all characters and at both ends."""
    return text.split(separator) if separator else ["", *text, ""]


def lines(text: str) -> list[str]:
    """Without their ends, of which there are two kinds. The end of the last line begins no other."""
    found = text.replace("\r\n", "\n").split("\n")
    return found[:-1] if found[-1] == "" else found


def substring(text: str, start: int, end: int) -> str:
    return text[start:end] if 0 <= start < end else ""


def replace_all(text: str, old: str, new: str) -> str:
    return text.replace(old, new) if old else text


LONGEST = 2**28  # characters that are made at once


def repeat(text: str, times: int) -> str:
    if len(text) * times > LONGEST:
        raise MemoryError
    return text * times


def join(parts: list[str], separator: str) -> str:
    return separator.join(parts)


def pad_start(text: str, length: int, filler: str = " ") -> str:
    return _filler(text, length, filler) + text


def pad_end(text: str, length: int, filler: str = " ") -> str:
    return text + _filler(text, length, filler)


def _filler(text: str, length: int, filler: str) -> str:
    if length > LONGEST:
        raise MemoryError
    missing = length - len(text)
    return (filler * (missing // len(filler) + 1))[:missing] if filler and missing > 0 else ""


_INT = pattern(r"[+-]?[0-9]+")
_FLOAT = pattern(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOST_DIGITS = 4300  # Python reads no more at once


def to_int(text: str) -> int | None:
    """The number that the text is, blanks around it aside; null if it is none."""
    bare = text.strip()
    return int(bare) if _INT.fullmatch(bare) and len(bare) <= _MOST_DIGITS else None


def to_float(text: str) -> float | None:
    bare = text.strip()
    return float(bare) if _FLOAT.fullmatch(bare) else None


# --- numbers


def trunc(value: float) -> int:
    """Toward zero. What is no number becomes 0, what is infinite the last 64-bit integer, as in a native cast."""
    return _to_int(math.trunc, value)


def floor(value: float) -> int:
    return _to_int(math.floor, value)


def ceil(value: float) -> int:
    return _to_int(math.ceil, value)


def round_(value: float) -> int:
    """To the nearest; a half goes away from zero."""
    return _to_int(_nearest, value)


def _nearest(value: float) -> int:
    down = math.floor(abs(value))
    nearest = down + 1 if abs(value) - down >= 0.5 else down  # adding a half would round it
    return -nearest if value < 0 else nearest


def _to_int(way: Callable[[float], int], value: float) -> int:
    if math.isnan(value):
        return 0
    if math.isinf(value):
        return 2**63 - 1 if value > 0 else -(2**63)
    return way(value)


def minimum(left: Any, right: Any) -> Any:
    """Not-a-number if one of them is none."""
    return left if left != left or left <= right else right


def maximum(left: Any, right: Any) -> Any:
    return left if left != left or left >= right else right


def sqrt(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


def log(value: float) -> float:
    if value > 0:
        return math.log(value)
    return -math.inf if value == 0 else math.nan


def exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def pow_(base: float, exponent: float) -> float:
    """As IEEE 754 says, which never fails."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


WORDS: dict[str, Any] = {
    "$pop": pop,
    "$shift": shift,
    "$insert": insert,
    "$remove_at": remove_at,
    "$sort": sort,
    "$sorted_by": sorted_by,
    "$index_of": index_of,
    "$entries": entries,
    "$delete": delete,
    "$split": split,
    "$lines": lines,
    "$substring": substring,
    "$replace_all": replace_all,
    "$repeat": repeat,
    "$join": join,
    "$pad_start": pad_start,
    "$pad_end": pad_end,
    "$to_int": to_int,
    "$to_float": to_float,
    "$trunc": trunc,
    "$floor": floor,
    "$ceil": ceil,
    "$round_number": round_,
    "$minimum": minimum,
    "$maximum": maximum,
    "$sqrt": sqrt,
    "$log": log,
    "$exp": exp,
    "$pow": pow_,
    "$enumerate": enumerate,
}
