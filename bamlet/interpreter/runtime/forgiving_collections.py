"""What lists, maps and strings do in the second edition: what is not there is null, and no index is wrong."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from .collections import sort, sorted_by
from .context import Context
from .failures import Thrown
from .text import text, text_by


def at(items: Any, place: int) -> Any:
    """Negative places count from the end."""
    return items[place] if -len(items) <= place < len(items) else None


def push(items: list[Any], item: Any) -> int:
    items.append(item)
    return len(items)


def unshift(items: list[Any], item: Any) -> int:
    items.insert(0, item)
    return len(items)


def insert(error: Callable[[str], Any], items: list[Any], item: Any, place: int) -> int:
    """Before the element at a place, which a negative one counts from the end."""
    if not -len(items) <= place <= len(items):
        raise Thrown(error(f"there is no place {place} in a list of {len(items)}"))
    items.insert(place, item)
    return len(items)


def remove_at(items: list[Any], place: int) -> Any:
    return items.pop(place) if -len(items) <= place < len(items) else None


def sort_in_place(items: list[Any]) -> list[Any]:
    items[:] = sort(items)
    return items


def sort_by_keys(items: list[Any], keys: list[Any]) -> list[Any]:
    items[:] = sorted_by(items, keys)
    return items


def found_or_null(found: int) -> int | None:
    """A place that was looked for: -1 is none."""
    return None if found < 0 else found


def join(rounds: Iterator[bool], items: list[Any], separator: str) -> str:
    """What is no string is shown as `string.from` does."""
    return separator.join(text(rounds, item) for item in items)


def join_by(context: Context[Any], items: list[Any], separator: str) -> str:
    """The same in a program that says of some of its classes how they are shown."""
    return separator.join(text_by(context, item) for item in items)


def set_(held: dict[Any, Any], key: Any, value: Any) -> Any:
    """The value before."""
    before = held.get(key)
    held[key] = value
    return before


def delete(held: dict[Any, Any], key: Any) -> Any:
    return held.pop(key, None)


def find(text: str, part: str) -> int | None:
    found = text.find(part)
    return None if found < 0 else found


def find_last(text: str, part: str) -> int | None:
    found = text.rfind(part)
    return None if found < 0 else found


def byte_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def from_code_points(error: Callable[[str], Any], points: list[int]) -> str:
    for point in points:
        if not 0 <= point <= 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            raise Thrown(error(f"{point} is no character"))
    return "".join(map(chr, points))


_KINDS: dict[str, Callable[[str], bool]] = {
    "numeric": str.isdecimal,
    "alphabetic": str.isalpha,
    "alphanumeric": str.isalnum,
    "whitespace": str.isspace,
}


def is_ascii(text: str, kind: str) -> bool:
    """True of an empty text, of which no character is anything else."""
    return not text or (text.isascii() and _KINDS[kind](text))


class Sorter:
    """Merge sort that asks for each comparison: it gives two elements, and is told a number.

    Who compares may have to wait, so the asking is a loop in compiled code and not a call of a comparator.
    """

    def __init__(self, items: list[Any]) -> None:
        self._items = items
        self.told = 0

    def __iter__(self) -> Generator[tuple[Any, Any], None, None]:
        ordered = yield from self._sorted(list(self._items))
        self._items[:] = ordered

    def tell(self, number: int) -> None:
        self.told = number

    def _sorted(self, items: list[Any]) -> Generator[tuple[Any, Any], None, list[Any]]:
        if len(items) < 2:
            return items
        middle = len(items) // 2
        left = yield from self._sorted(items[:middle])
        right = yield from self._sorted(items[middle:])
        merged: list[Any] = []
        i = j = 0
        while i < len(left) and j < len(right):
            yield left[i], right[j]
            if self.told <= 0:
                merged.append(left[i])
                i += 1
            else:
                merged.append(right[j])
                j += 1
        return [*merged, *left[i:], *right[j:]]


WORDS: dict[str, Any] = {
    "$at": at,
    "$push": push,
    "$unshift": unshift,
    "$insert2": insert,
    "$remove_at2": remove_at,
    "$sort2": sort_in_place,
    "$sort_by_keys": sort_by_keys,
    "$Sorter": Sorter,
    "$from_code_points": from_code_points,
    "$byte_length": byte_length,
    "$is_ascii": is_ascii,
    "$found_or_null": found_or_null,
    "$join2": join,
    "$join_by": join_by,
    "$set2": set_,
    "$delete2": delete,
    "$find2": find,
    "$find_last": find_last,
}
