"""What a template may hold, and how it prints.

A value is None, a bool, a number, a string, a list, a map with string keys, or a `TemplateObject`. Nothing
else gets in, and no attribute of the Python object behind a value is ever looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .limits import budget, check_length

MISSING: Any = object()
"""What a look-up gives for a name that is not there. Templates see it as undefined."""


class TemplateObject:
    """A value that says itself what a template sees of it."""

    __slots__ = ()

    def attribute(self, name: str) -> object:
        """The value of `object.name`, or `MISSING`."""
        entries = self.entries()
        return MISSING if entries is None else entries.get(name, MISSING)

    def entries(self) -> Mapping[str, object] | None:
        """What `items`, `keys`, `length` and loops see, if the object behaves as a map."""
        return None

    def printed(self) -> Mapping[str, object] | None:
        """What it prints as, if it prints as a block of keys and values."""
        return None

    def function(self) -> Callable[..., object] | None:
        """What a call of it runs, if it can be called."""
        return None

    def content(self) -> object:
        """What equality looks into, for an object that is equal to another of its kind by what it holds."""
        return None

    def data(self, *, aliased: bool) -> object:
        """Plain data for `tojson` (own names) and `format` (aliases)."""
        raise TypeError(f"{self.kind()} has no plain form")

    def show(self) -> str:
        printed = self.printed()
        if printed is None:
            raise TypeError(f"{self.kind()} cannot be printed")
        return pretty(printed, none="null")

    def kind(self) -> str:
        return "map" if self.entries() is not None else "object"


class GivenList(list[Any]):
    """A list of the program. Null in it prints as null, and in a list that a template has made as none."""

    __slots__ = ()


class Callback(TemplateObject):
    """A function of ours that a template may call."""

    __slots__ = ("_function", "_name")

    def __init__(self, name: str, function: Callable[..., object]) -> None:
        self._name = name
        self._function = function

    def function(self) -> Callable[..., object]:
        return self._function

    def show(self) -> str:
        return self._name

    def kind(self) -> str:
        return "function"


def show(value: object) -> str:
    """A value as text, the way `~` and `string` have it."""
    write = _SHOW.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, TemplateObject):
        return value.show()
    if isinstance(value, list | tuple):
        return _show_list(value)
    raise TypeError(f"a value of the Python type {type(value).__name__} cannot be printed")


def debug(value: object) -> str:
    """A value as it prints inside a list or map: strings are quoted."""
    return quote(value) if isinstance(value, str) else show(value)


def pretty(value: object, none: str = "none", pad: str = "") -> str:
    """A value over several lines: four spaces a level and a comma after every entry."""
    inner = pad + "    "
    entries = value.printed() if isinstance(value, TemplateObject) else value
    if isinstance(entries, Mapping) and entries:
        rows = (f"{inner}{debug(key)}: {pretty(item, none, inner)},\n" for key, item in entries.items())
        return "{\n" + _joined(len(entries), "", rows) + pad + "}"
    if isinstance(entries, list | tuple) and entries:
        none = "null" if type(entries) is GivenList else none
        rows = (f"{inner}{pretty(item, none, inner)},\n" for item in entries)
        return "[\n" + _joined(len(entries), "", rows) + pad + "]"
    if value is None:
        return none
    return "{}" if isinstance(entries, Mapping) else debug(value)


def quote(text: str) -> str:
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_ESCAPES.get(char) or _escape(char) for char in text) + '"'


def show_float(number: float) -> str:
    if number != number:
        return "NaN"
    text = repr(number)
    if "e" in text:
        from decimal import Decimal  # takes long to load, and few numbers are written so

        text = format(Decimal(text), "f")
    return text if "." in text or "inf" in text else text + ".0"


def kind_of(value: object) -> str:
    """The name of a value's kind, for messages."""
    if isinstance(value, TemplateObject):
        return value.kind()
    return next((name for types, name in _KINDS if isinstance(value, types)), "undefined")


def _escape(char: str) -> str:
    return char if char.isprintable() else f"\\u{{{ord(char):x}}}"


def _show_list(items: Sequence[object]) -> str:
    return "[" + _joined(len(items), ", ", map(debug, items)) + "]"


def _show_given(items: Sequence[object]) -> str:
    rows = ("null" if item is None else debug(item) for item in items)
    return "[" + _joined(len(items), ", ", rows) + "]"


def _show_map(entries: Mapping[object, object]) -> str:
    rows = (f"{debug(key)}: {debug(item)}" for key, item in entries.items())
    return "{" + _joined(len(entries), ", ", rows) + "}"


def _joined(count: int, between: str, rows: Iterable[str]) -> str:
    """The rows in one text. What lies in a list twice is written twice, so it is stopped while it is made."""
    budget().step(count)
    kept, size = [], 0
    for row in rows:
        size += len(row) + len(between)
        check_length(size)
        kept.append(row)
    return between.join(kept)


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}

_SHOW: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: show_float,
    type(None): lambda value: "none",
    list: _show_list,
    GivenList: _show_given,
    tuple: _show_list,
    range: _show_list,
    dict: _show_map,
}

_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "bool"),
    ((int, float), "number"),
    (str, "string"),
    (type(None), "none"),
    (Mapping, "map"),
    (Sequence, "sequence"),
)
