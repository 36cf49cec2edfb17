"""Text as a terminal shows it: nothing that moves the cursor, and how many cells it takes."""

from __future__ import annotations

from itertools import accumulate
from unicodedata import category, east_asian_width

_TAB = "    "
_ELSEWHERE = "·"  # stands for a character that shows nothing of its own, or moves what comes after it


def visible(text: str) -> str:
    """Tabs as blanks; control characters, marks of direction and halves of surrogate pairs as a dot."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def cells(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_width, text))


def first_cells(text: str, room: int) -> str:
    """The longest beginning of a visible text that fits, with a mark if that is not all."""
    if cells(text) <= room:
        return text
    fitting = sum(1 for used in accumulate(map(_width, text)) if used < room)
    return text[:fitting] + "…"


def last_cells(text: str, room: int) -> str:
    """The longest end of a visible text that fits, with a mark if that is not all."""
    if cells(text) <= room:
        return text
    fitting = sum(1 for used in accumulate(map(_width, reversed(text))) if used < room)
    return "…" + text[len(text) - fitting :]


def _shown(char: str) -> str:
    if char == "\t":
        return _TAB
    return _ELSEWHERE if category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char


def _width(char: str) -> int:
    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in ("W", "F") else 1
