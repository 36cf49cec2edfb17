"""Places in the value of a string literal to places in its source: what a message inside a prompt needs."""

from __future__ import annotations

import re

from ..patterns import pattern

_OPENER = pattern(r'[A-Za-z]*(#+)"')


def source_offset(literal: str, line: int, column: int) -> int:
    """Where in `literal`, the source of a quoted or raw string, a line and column of its value stand.

    Both count from 1. A raw string has lost outer blank lines and its common indentation.
    """
    opener = _OPENER.match(literal)
    if opener is None:
        return _quoted_offset(literal, line, column)
    hashes = len(opener[1])
    inside = literal[opener.end() : len(literal) - 1 - hashes]
    rows = re.split(r"\r\n|\n", inside)
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n", inside))]
    first = next((at for at, row in enumerate(rows) if row.strip()), 0)
    indents = [len(row) - len(row.lstrip(" \t")) for row in rows[first:] if row.strip()]
    at = min(first + line - 1, len(rows) - 1)
    shift = min(indents, default=0) if rows[at].strip() else 0
    return opener.end() + starts[at] + min(shift + column - 1, len(rows[at]))


def _quoted_offset(literal: str, line: int, column: int) -> int:
    """Escapes are longer in the source than in the value, so behind one the place is only near."""
    rows = literal[1:-1].split("\n")
    at = min(line - 1, len(rows) - 1)
    return 1 + sum(len(row) + 1 for row in rows[:at]) + min(column - 1, len(rows[at]))
