"""Filters over lists and maps. Each returns a list or a value, never an iterator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, NamedTuple, Protocol

from .limits import MAX_RANGE
from .methods import join as join_texts
from .operators import iterate, length, look_up, order, same, sort_key
from .values import MISSING, TemplateObject, kind_of, show


class Names(Protocol):
    """The filters and tests of the running template."""

    def filter(self, name: str) -> Callable[..., Any]: ...

    def test(self, name: str) -> Callable[..., Any]: ...

    def undefined(self) -> Any: ...


class Group(NamedTuple):
    """One group of `groupby`: unpacks, and has its two fields by name."""

    grouper: Any
    list: list[Any]


def items(value: Any) -> list[Any]:
    entries = value.entries() if isinstance(value, TemplateObject) else value
    if not isinstance(entries, Mapping):
        raise TypeError(f"a value of kind {kind_of(value)} has no items")
    return [[key, item] for key, item in entries.items()]


def dictsort(value: Any, by: str = "key", reverse: bool = False, case_sensitive: bool = False) -> list[Any]:
    position = {"key": 0, "value": 1}[by]
    return sorted(items(value), key=lambda pair: _rank(pair[position], case_sensitive), reverse=reverse)


def batch(value: Any, count: int, fill: Any = None) -> list[list[Any]]:
    rows = iterate(value)
    result = [rows[start : start + _size(count)] for start in range(0, len(rows), count)]
    if fill is not None and result:
        result[-1] += [fill] * (count - len(result[-1]))
    return result


def slices(value: Any, count: int, fill: Any = None) -> list[list[Any]]:
    rows, result, start = iterate(value), [], 0
    for number in range(_size(count)):
        size = len(rows) // count + (number < len(rows) % count)
        part = rows[start : start + size]
        start += size
        if fill is not None and number >= len(rows) % count and len(rows) % count:
            part.append(fill)
        result.append(part)
    return result


def chained(value: Any, *more: Any) -> Any:
    if all(isinstance(part, Mapping) for part in (value, *more)):
        return {key: item for part in (value, *more) for key, item in part.items()}
    return list(chain.from_iterable(iterate(part) for part in (value, *more)))


def join(value: Any, separator: str = "", attribute: str | None = None) -> str:
    rows = iterate(value)
    return join_texts(separator, [_path(row, attribute) for row in rows] if attribute else rows)


def total(value: Any, start: Any = 0) -> Any:
    for number in iterate(value):
        if not isinstance(number, int | float):
            raise TypeError(f"sum adds numbers, not a value of kind {kind_of(number)}")
        start = start + number
    return start


def reverse(value: Any) -> Any:
    return value[::-1] if isinstance(value, str) else iterate(value)[::-1]


def unique(value: Any, case_sensitive: bool = False, attribute: str | None = None) -> list[Any]:
    seen: list[Any] = []
    known: set[Any] = set()
    result = []
    for row in iterate(value):
        key = _rank(_path(row, attribute), case_sensitive).obj
        if isinstance(key, str | int | float | None):
            if (type(key), key) in known:
                continue
            known.add((type(key), key))
        elif any(same(key, other) for other in seen):
            continue
        else:
            seen.append(key)
        result.append(row)
    return result


def sort(
    value: Any, reverse: bool = False, case_sensitive: bool = False, attribute: str | None = None
) -> list[Any]:
    return sorted(iterate(value), key=lambda row: _rank(_path(row, attribute), case_sensitive), reverse=reverse)


def zipped(value: Any, *more: Any) -> list[Any]:
    return [list(row) for row in zip(*map(iterate, (value, *more)), strict=False)]


def first(names: Names, value: Any) -> Any:
    return next(iter(iterate(value)), names.undefined())


def last(names: Names, value: Any) -> Any:
    rows = iterate(value)
    return rows[-1] if rows else names.undefined()


def smallest(names: Names, value: Any) -> Any:
    rows = iterate(value)
    return min(rows, key=sort_key) if rows else names.undefined()


def largest(names: Names, value: Any) -> Any:
    rows = iterate(value)
    return max(rows, key=sort_key) if rows else names.undefined()


def attribute(names: Names, value: Any, name: Any) -> Any:
    found = look_up(value, name)
    return names.undefined() if found is MISSING else found


def default(names: Names, value: Any, other: Any = "", boolean: bool = False) -> Any:
    return other if kind_of(value) == "undefined" or (boolean and not value) else value


def mapped(names: Names, value: Any, *call: Any, attribute: str | None = None, default: Any = None) -> Any:
    rows = iterate(value)
    if attribute is not None:
        instead = names.undefined() if default is None else default
        return [instead if found is MISSING else found for found in (_path(row, attribute) for row in rows)]
    if not call:
        raise TypeError("map needs the name of a filter, or attribute=…")
    apply = names.filter(call[0])
    return [apply(row, *call[1:]) for row in rows]


def groupby(
    names: Names, value: Any, attribute: str, default: Any = None, case_sensitive: bool = False
) -> list[Group]:
    groups: list[Group] = []
    instead = names.undefined() if default is None else default
    keyed = [
        (instead if key is MISSING else key, row) for row in iterate(value) for key in [_path(row, attribute)]
    ]
    for key, row in sorted(keyed, key=lambda pair: _rank(pair[0], case_sensitive)):
        if groups and order(_rank(groups[-1].grouper, case_sensitive).obj, _rank(key, case_sensitive).obj) == 0:
            groups[-1].list.append(row)
        else:
            groups.append(Group(key, [row]))
    return groups


def _selection(keep: bool, by_attribute: bool) -> Callable[..., list[Any]]:
    def select(names: Names, value: Any, *call: Any) -> list[Any]:
        path, test = (call[0], call[1:]) if by_attribute else (None, call)
        holds = names.test(test[0]) if test else bool
        rows = []
        for row in iterate(value):
            subject = _path(row, path)
            subject = names.undefined() if subject is MISSING else subject
            if bool(holds(subject, *test[1:])) is keep:
                rows.append(row)
        return rows

    return select


def _path(value: Any, attribute: Any) -> Any:
    """The value at `a.b.0`, the value itself without a path, `MISSING` if a step is not there."""
    if attribute is None:
        return value
    for step in str(attribute).split("."):
        value = look_up(value, int(step) if step.isdecimal() else step)
        if value is MISSING:
            return MISSING
    return value


def _rank(value: Any, case_sensitive: bool) -> Any:
    return sort_key(value.lower() if isinstance(value, str) and not case_sensitive else value)


def _size(count: int) -> int:
    if not 0 < count <= MAX_RANGE:
        raise TypeError(f"the count must be between 1 and {MAX_RANGE:,}, not {show(count)}")
    return count


FILTERS: dict[str, Callable[..., Any]] = {
    "batch": batch,
    "chain": chained,
    "count": length,
    "dictsort": dictsort,
    "items": items,
    "join": join,
    "length": length,
    "reverse": reverse,
    "slice": slices,
    "sort": sort,
    "sum": total,
    "unique": unique,
    "zip": zipped,
}

HIGHER_FILTERS: dict[str, Callable[..., Any]] = {
    "attr": attribute,
    "d": default,
    "default": default,
    "first": first,
    "groupby": groupby,
    "last": last,
    "map": mapped,
    "max": largest,
    "min": smallest,
    "reject": _selection(keep=False, by_attribute=False),
    "rejectattr": _selection(keep=False, by_attribute=True),
    "select": _selection(keep=True, by_attribute=False),
    "selectattr": _selection(keep=True, by_attribute=True),
}
