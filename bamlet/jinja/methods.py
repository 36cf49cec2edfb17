"""The methods that a template may call on strings, lists and maps. There are no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .limits import check_length
from .operators import iterate, same
from .values import TemplateObject, kind_of, show


def call_method(value: Any, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    entries = value.entries() if isinstance(value, TemplateObject) else value
    if isinstance(entries, str):
        table = _STRING
    elif isinstance(entries, Mapping):
        table = _MAP
    elif isinstance(entries, list | tuple | range):
        table = _SEQUENCE
    else:
        table = {}
    if name not in table:
        raise TypeError(f"a value of kind {kind_of(value)} has no method `{name}`")
    return table[name](entries, *arguments, **keywords)


def replace(text: str, old: object, new: object, count: int = -1) -> str:
    found, put = show(old), show(new)
    times = text.count(found) if count < 0 else min(count, text.count(found))
    check_length(len(text) + times * max(0, len(put) - len(found)))
    return text.replace(found, put, times)


def split(text: str, separator: str | None = None, most: int | None = None) -> list[str]:
    return text.split(separator, -1 if most is None else most)


def join(separator: str, values: Any) -> str:
    parts = [show(value) for value in iterate(values)]
    check_length(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def index(items: Sequence[Any], wanted: Any) -> int:
    for at, item in enumerate(items):
        if same(item, wanted):
            return at
    raise ValueError("the list has no such element")


def _affixes(test: Callable[[str, Any], bool]) -> Callable[[str, Any], bool]:
    return lambda text, affix: test(text, tuple(affix) if isinstance(affix, list) else affix)


_STRING: dict[str, Callable[..., Any]] = {
    "capitalize": str.capitalize,
    "count": str.count,
    "endswith": _affixes(str.endswith),
    "find": str.find,
    "isalnum": str.isalnum,
    "isalpha": str.isalpha,
    "isascii": str.isascii,
    "isdigit": str.isdigit,
    "islower": str.islower,
    "isnumeric": str.isnumeric,
    "isspace": str.isspace,
    "isupper": str.isupper,
    "join": join,
    "lower": str.lower,
    "lstrip": str.lstrip,
    "removeprefix": str.removeprefix,
    "removesuffix": str.removesuffix,
    "replace": replace,
    "rfind": str.rfind,
    "rstrip": str.rstrip,
    "split": split,
    "splitlines": str.splitlines,
    "startswith": _affixes(str.startswith),
    "strip": str.strip,
    "title": str.title,
    "upper": str.upper,
}

STRING_METHODS = frozenset(_STRING)

_SEQUENCE: dict[str, Callable[..., Any]] = {
    "count": lambda items, wanted: sum(same(item, wanted) for item in items),
    "index": index,
}

SEQUENCE_METHODS = frozenset(_SEQUENCE)

_MAP: dict[str, Callable[..., Any]] = {
    "get": lambda entries, key, default=None: entries.get(key, default),
    "items": lambda entries: [[key, item] for key, item in entries.items()],
    "keys": list,
    "values": lambda entries: list(entries.values()),
}
