"""Is this quote the end of its string? Decided from the text that follows, within a bounded window.

Models forget to escape quotes, so a quote ends a string only when what follows looks like the next
token. Every rule is a function of the text alone and looks at most a few windows ahead: the answer
cannot depend on how the text was cut into pieces, and waiting for it costs linear time.
"""

from __future__ import annotations

import re
from typing import Final

from ..patterns import pattern

CONTENT: Final = 0
ENDS: Final = 1
WAIT: Final = 2  # the text so far does not tell

WINDOW: Final = 256

_BLANKS = pattern(r"\s{0,256}")
_SEPARATORS = pattern(r"[\s,]{0,256}")
_QUOTED = {quote: pattern(rf"[^{quote}\\]{{0,256}}") for quote in "\"'`"}
_BARE_KEY = pattern(r"""(?:[^\s"'`,:{}\[\]/#][^"'`,:{}\[\]\n]{0,63})?""")
_STRING_ITEM = pattern(r"""["'`]([^"'`\\\n]{0,256})""")


def quote_ends_key(text: str, at: int, quote: str, odd: bool, ended: bool) -> int:
    after = _past_blanks(text, at + 1)
    if after - at > WINDOW:
        return ENDS
    if after == len(text):
        return ENDS if ended else WAIT
    # No colon is an equals sign, but the key in front of one is lost alone.
    return ENDS if text[after] in ":}=" else CONTENT


def quote_ends_value(text: str, at: int, quote: str, odd: bool, ended: bool) -> int:
    """`odd` tells that an odd number of quotes was content so far: then a touching comma is content too."""
    after = _past_blanks(text, at + 1)
    if after - at > WINDOW:
        return ENDS
    if after == len(text):
        return ENDS if ended else WAIT
    following = text[after]
    if following == "}":
        return ENDS
    if following == ",":
        if odd and after == at + 1:
            return CONTENT
        return key_follows(text, after + 1, ended)
    if following == "/":
        return comment_follows(text, after, ended)
    if odd:
        return CONTENT
    if following == "#":
        return ENDS
    if after == at + 1:
        return CONTENT
    newline = "\n" in text[at:after]
    if following == "]":
        return ENDS if newline else CONTENT
    # No comma: a new line or a second quote may start the next key all the same.
    return key_follows(text, after, ended) if newline or following == quote else CONTENT


def quote_ends_item(text: str, at: int, quote: str, odd: bool, ended: bool) -> int:
    after = _past_blanks(text, at + 1)
    if after - at > WINDOW:
        return ENDS
    if after == len(text):
        return ENDS if ended else WAIT
    following = text[after]
    if following == "]":
        return ENDS
    if following == ",":
        return CONTENT if odd and after == at + 1 else ENDS
    if following == "/":
        return comment_follows(text, after, ended)
    if odd:
        return CONTENT
    if following == "#":
        return ENDS
    if after == at + 1:
        return CONTENT
    newline = "\n" in text[at:after]
    if following == "}":
        return ENDS if newline else CONTENT
    if following != quote:
        return CONTENT
    return ENDS if newline else _string_follows(text, after, ended)


def key_follows(text: str, at: int, ended: bool) -> int:
    """Whether the next token reads as a key and its colon, or as the end of the object."""
    start = _end(_SEPARATORS, text, at)
    if start - at == WINDOW:
        return ENDS
    if start == len(text):
        return ENDS if ended else WAIT
    first = text[start]
    if first in "}]":
        return ENDS
    if first in "/#":
        return comment_follows(text, start, ended)
    if first in _QUOTED:
        return _quoted_key_follows(text, start, ended)
    end = _end(_BARE_KEY, text, start)
    if end == start:
        return CONTENT
    if end + 1 >= len(text) and (end == len(text) or text[end] == ":"):
        return WAIT if not ended else CONTENT
    # A colon before a slash belongs to an address.
    return ENDS if text[end] == ":" and text[end + 1] != "/" else CONTENT


def comment_follows(text: str, at: int, ended: bool) -> int:
    if text[at] == "#":
        return ENDS
    if at + 1 == len(text):
        return CONTENT if ended else WAIT
    return ENDS if text[at + 1] in "/*" else CONTENT


def _quoted_key_follows(text: str, start: int, ended: bool) -> int:
    end = _QUOTED[text[start]].match(text, start + 1).end()  # type: ignore[union-attr]
    if end - start > WINDOW:
        return ENDS
    if end == len(text):
        return ENDS if ended else WAIT
    if text[end] == "\\":
        return ENDS
    return quote_ends_key(text, end, text[start], False, ended)


def _string_follows(text: str, at: int, ended: bool) -> int:
    end = _end(_STRING_ITEM, text, at)
    if end - at > WINDOW:
        return CONTENT
    if end == len(text):
        return CONTENT if ended else WAIT
    if text[end] != text[at]:
        return CONTENT
    after = _end(_BLANKS, text, end + 1)
    if after == len(text) and after - end <= WINDOW:
        return ENDS if ended else WAIT
    return ENDS if after - end > WINDOW or text[after] in ",]" else CONTENT


def _past_blanks(text: str, at: int) -> int:
    """Where the blanks at `at` end, or the window does. Behind a quote there are mostly none."""
    if at < len(text) and not text[at].isspace():
        return at
    return _end(_BLANKS, text, at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None, "these patterns match nothing at all, too"
    return match.end()
