"""Plain data to TOON, a notation that saves tokens: indentation for maps, headers with counts for lists.

Keys are sorted, as the native runtime does it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ..patterns import pattern
from ..records import dataclass

_DELIMITERS = {"comma": ",", "tab": "\t", "pipe": "|"}
_KEY = pattern(r"[A-Za-z_][\w.]*")
_NUMBER = pattern(r"-?\d+(\.\d+)?(e[-+]?\d+)?|0\d+", re.IGNORECASE)
_STRUCTURAL = pattern(r'[:"\\\[\]{}\n\r\t]')


@dataclass(frozen=True, slots=True)
class _Style:
    indent: int
    delimiter: str
    marker: str

    def header(self, count: int) -> str:
        shown = "" if self.delimiter == "," else self.delimiter
        return f"[{self.marker}{count}{shown}]"


def to_toon(data: Any, indent: int = 2, delimiter: str = "comma", length_marker: str | None = None) -> str:
    if delimiter not in _DELIMITERS:
        raise TypeError(f"the delimiter is comma, tab or pipe, not {delimiter}")
    if not 0 <= indent <= 16:
        raise TypeError(f"the indent is between 0 and 16, not {indent}")
    style = _Style(indent, _DELIMITERS[delimiter], length_marker or "")
    return "\n".join(_lines(data, style))


def _lines(data: Any, style: _Style) -> Iterator[str]:
    if isinstance(data, dict):
        for key in sorted(data):
            yield from _field(_key(key), data[key], style)
    elif isinstance(data, list):
        yield from _list("", data, style)
    else:
        yield _scalar(data, style)


def _field(key: str, item: Any, style: _Style) -> Iterator[str]:
    if isinstance(item, list):
        yield from _list(key, item, style)
    elif isinstance(item, dict):
        yield f"{key}:"
        yield from _indented(_lines(item, style), style)
    else:
        yield f"{key}: {_scalar(item, style)}"


def _list(key: str, rows: list[Any], style: _Style) -> Iterator[str]:
    head = key + style.header(len(rows))
    fields = _table_fields(rows)
    if not any(isinstance(row, dict | list) for row in rows):
        yield f"{head}: {_joined(rows, style)}" if rows else f"{head}:"
    elif fields:
        yield f"{head}{{{style.delimiter.join(map(_key, fields))}}}:"
        yield from _indented((_joined([row[name] for name in fields], style) for row in rows), style)
    else:
        yield f"{head}:"
        for row in rows:
            yield from _indented(_item(row, style), style)


def _item(row: Any, style: _Style) -> Iterator[str]:
    lines = list(_lines(row, style))
    yield f"- {lines[0]}" if lines else "-"
    yield from _indented(iter(lines[1:]), style)


def _table_fields(rows: list[Any]) -> list[str]:
    """The common keys, if the rows are maps of scalars under the same keys."""
    if not rows or not all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows):
        return []
    if any(isinstance(item, dict | list) for row in rows for item in row.values()):
        return []
    return sorted(rows[0])


def _indented(lines: Iterator[str], style: _Style) -> Iterator[str]:
    return (" " * style.indent + line for line in lines)


def _joined(values: list[Any], style: _Style) -> str:
    return style.delimiter.join(_scalar(value, style) for value in values)


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _scalar(value: Any, style: _Style) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    plain = (
        value
        and value == value.strip()
        and value not in ("true", "false", "null")
        and not value.startswith("-")
        and not _NUMBER.fullmatch(value)
        and not _STRUCTURAL.search(value)
        and style.delimiter not in value
    )
    return value if plain else json.dumps(value, ensure_ascii=False)
