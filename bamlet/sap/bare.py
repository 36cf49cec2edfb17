"""Where does an unquoted value end? The counterpart of `quotes` for words, numbers and keywords."""

from __future__ import annotations

import re

from ..patterns import pattern
from .nodes import NUMBER
from .quotes import CONTENT, ENDS, WAIT, WINDOW, comment_follows, key_follows

LONG = 64  # a longer run is prose: neither a number nor a keyword

_KEYWORD = pattern(r"true|false|null|none|nan|-?inf(?:inity)?", re.IGNORECASE)
_THOUSANDS = pattern(r"[-+]?[$€£]?[0-9]{1,3}(?:,[0-9]{3})*")
_TOUCHING = "\"'`}],/#"  # what may end a text though no blank stands between it and the comma
_BLANKS = pattern(r"\s{0,256}")


def bare_ends(word: str, last: str, text: str, at: int, *, in_list: bool, ended: bool) -> int:
    """Whether the character at `at` ends the bare value `word`, which is empty when it is long.

    `last` is the character before, which may no longer be in `text`.
    """
    stop = text[at]
    if stop in "}]":
        return ENDS
    if stop == ",":
        return ENDS if in_list else _comma_ends(word, text, at, ended)
    if stop == "\n":
        return _newline_ends(word, text, at, in_list, ended)
    if stop == '"':
        return key_follows(text, at, ended) if not in_list and _is_settled(word) else CONTENT
    if not last.isspace() and not _is_settled(word):
        return CONTENT
    if stop == "/":
        return comment_follows(text, at, ended)
    return _hash_ends(word, text, at, ended)


def _comma_ends(word: str, text: str, at: int, ended: bool) -> int:
    if at + 1 == len(text) and not ended:
        return WAIT
    following = text[at + 1 : at + 2]
    if following.isdigit() and _THOUSANDS.fullmatch(word):
        return CONTENT
    if not following or following == "\n" or _is_settled(word):
        return ENDS
    if _is_in_brackets(word):
        return _quoted_key_behind(text, at + 1, ended)
    if following.isspace() and word and " " not in word and "(" not in word:
        return ENDS
    if not following.isspace() and following not in _TOUCHING:
        return CONTENT
    return key_follows(text, at + 1, ended)


def _is_in_brackets(word: str) -> bool:
    """Whether a bracket that the value itself has opened is still open: `f(a` or `m[0`."""
    opened = word.count("(") + word.count("[")
    return opened > 0 and opened > word.count(")") + word.count("]")


def _quoted_key_behind(text: str, at: int, ended: bool) -> int:
    """A comma within brackets is part of the value, unless the next key shows that nobody will close them."""
    match = _BLANKS.match(text, at)
    assert match is not None, "the pattern matches nothing at all, too"
    after = match.end()
    if after == len(text) and after - at < WINDOW:
        return CONTENT if ended else WAIT
    return key_follows(text, at, ended) if text[after : after + 1] in ('"', "'") else CONTENT


def _newline_ends(word: str, text: str, at: int, in_list: bool, ended: bool) -> int:
    if _is_settled(word):
        return ENDS
    match = _BLANKS.match(text, at)
    assert match is not None, "the pattern matches nothing at all, too"
    after = match.end()
    if after - at == WINDOW:
        return ENDS
    if after == len(text):
        return ENDS if ended else WAIT
    if text[after] in ("],`" if in_list else "},`"):
        return ENDS
    return CONTENT if in_list else key_follows(text, after, ended)


def _hash_ends(word: str, text: str, at: int, ended: bool) -> int:
    if _is_settled(word):
        return ENDS
    if at + 1 == len(text):
        return ENDS if ended else WAIT
    return ENDS if text[at + 1].isspace() else CONTENT


def _is_settled(word: str) -> bool:
    """Whether this is a whole number or keyword, which no blank or comma can be part of."""
    return bool(NUMBER.fullmatch(word) or _KEYWORD.fullmatch(word) or (word and _THOUSANDS.fullmatch(word)))
