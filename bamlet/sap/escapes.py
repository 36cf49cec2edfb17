"""Backslash escapes inside a double-quoted string: JSON's, and any other left as it is written.

Half of a surrogate pair is no character: it is read as U+FFFD, and whoever reads it tells so.
"""

from __future__ import annotations

from ..patterns import pattern

_MEANINGS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}
_HEX = pattern(r"[0-9a-fA-F]{4}")
REPLACEMENT = "�"
TORN = "half of a surrogate pair, read as U+FFFD"


def read_escape(text: str, at: int, ended: bool) -> tuple[str, int]:
    """The meaning of the escape at `at` and where it ends: at `at` itself while more text is needed.

    The meaning may be half of a surrogate pair: see `is_half`.
    """
    if at + 1 == len(text):
        return ("\\", at + 1) if ended else ("", at)
    mark = text[at + 1]
    if mark == "u":
        return _unicode(text, at, ended)
    return _MEANINGS.get(mark, "\\" + mark), at + 2


def is_half(meaning: str) -> bool:
    """Whether it has to become `REPLACEMENT`."""
    return "\ud800" <= meaning < "\ue000"


def _unicode(text: str, at: int, ended: bool) -> tuple[str, int]:
    digits = _HEX.match(text, at + 2)
    if not digits:
        if len(text) < at + 6 and not ended:
            return "", at
        return "\\u", at + 2
    code = int(digits[0], 16)
    if not 0xD800 <= code < 0xE000:
        return chr(code), at + 6
    if code >= 0xDC00:
        return chr(code), at + 6
    if len(text) < at + 12 and not ended and "\\u".startswith(text[at + 6 : at + 8]):
        return "", at
    partner = _HEX.match(text, at + 8) if text.startswith("\\u", at + 6) else None
    low = int(partner[0], 16) if partner else 0
    if not 0xDC00 <= low < 0xE000:
        return chr(code), at + 6
    return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)), at + 12
