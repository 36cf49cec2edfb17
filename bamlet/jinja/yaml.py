"""Plain data to block-style YAML, as `format(type="yaml")` shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..patterns import pattern

_WORDS = frozenset(
    ("", "~", *(form for word in ("null", "true", "false") for form in (word, word.title(), word.upper())))
)
_NUMBER = pattern(r"[-+]?(\.?\d[\d_]*(\.\d*)?([eE][-+]?\d+)?|0[xob][\da-fA-F]+|\.inf)|\.nan", re.IGNORECASE)
_NEEDS_QUOTES = pattern(r"^[\s\-?:,\[\]{}#&*!|>'\"%@`]|:(\s|$)|\s#|\s$|^=$")
_INDICATOR = pattern(r"^[-?:](?=\S)")


def to_yaml(data: Any) -> str:
    return "\n".join(_block(data)) + "\n"


def _block(data: Any) -> Iterator[str]:
    if isinstance(data, dict) and data:
        for key, item in data.items():
            yield from _entry(f"{_scalar(key)}:", item)
    elif isinstance(data, list) and data:
        for item in data:
            first, *rest = _block(item)
            yield f"- {first}"
            yield from (f"  {line}" if line else line for line in rest)
    elif isinstance(data, str) and "\n" in data and data.isprintable() is False and _is_block(data):
        yield from _literal(data)
    else:
        yield _scalar(data)


def _entry(key: str, item: Any) -> Iterator[str]:
    if isinstance(item, list) and item:
        # A list is not indented under its key.
        yield key
        yield from _block(item)
    elif isinstance(item, dict) and item:
        yield key
        yield from (f"  {line}" if line else line for line in _block(item))
    else:
        first, *rest = _block(item)
        yield f"{key} {first}"
        yield from rest


def _is_block(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n")) and not text.startswith((" ", "\n"))


def _literal(text: str) -> Iterator[str]:
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    yield "|" + ("-" if ends == 0 else "+" if ends > 1 else "")
    for line in (body + "\n" * max(0, ends - 1)).split("\n"):
        yield f"  {line}" if line else ""


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    return str(value)


def _string(text: str) -> str:
    if not text.isprintable():
        escaped = (_ESCAPES.get(char) or (char if char.isprintable() else f"\\u{ord(char):04X}") for char in text)
        return '"' + "".join(escaped) + '"'
    quoted = _NEEDS_QUOTES.search(text) and not (_INDICATOR.match(text) and not _NEEDS_QUOTES.search(text[1:]))
    if quoted or text in _WORDS or _NUMBER.fullmatch(text):
        return "'" + text.replace("'", "''") + "'"
    return text


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
