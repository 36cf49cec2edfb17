"""An answer that is JSON of exactly its type: text and type in, value and report out, or nothing.

Most answers are such, and the scanner of Python's `json` reads them in a tenth of the automaton's time.
Only the automaton knows places, which a report of losses needs; here nothing was lost. Whatever is not as plain as
that (another kind, an unknown or a doubled key, a word that only resembles one) is left to the automaton whole.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ..patterns import pattern
from ..types.schema import Schemas
from ..types.ty import Ty
from .answer import preamble_of
from .factory import Factory
from .limits import DEFAULT_LIMITS, Limits
from .plain_objects import NotPlain, PairsOf
from .plain_readers import plain_of
from .report import Parsed, Report
from .targets import targets_of
from .verdict import is_plain_string

_BLANKS: Final = " \t\r\n"
_OPENER = pattern(r"[{\[]")
# What no prose has behind a bracket: a quoted key.
_MEANT = pattern(r'\[?\s*\{\s*"[^"\\]*"\s*:')
_MOST_ZEROS: Final = "0" * 100
_SURROGATE = pattern(r"\\u[dD]")
# A number that may be too small for a float, and a zero that an integer does not tell from the other one.
_SMALL = pattern(r"-(?:(?<=[eE]-)\d{3}|0(?![\d.]))")


_NOTHING: Final = Report()


def _refused(_: str) -> Any:
    raise NotPlain


_scan = json.JSONDecoder(object_pairs_hook=PairsOf, parse_constant=_refused).raw_decode


def read_plain(
    text: str,
    ty: Ty,
    schemas: Schemas,
    factory: Factory,
    *,
    limits: Limits = DEFAULT_LIMITS,
    truncated: bool = False,
    strict: bool = False,
) -> Parsed | None:
    """What `parse` would return, or nothing if the text is to be given to that. It takes the same arguments."""
    if len(text) > limits.max_chars or (strict and truncated):
        return None
    targets = targets_of(schemas)
    target = targets.target(ty)
    if target.constraints:
        return None
    if is_plain_string(target):
        return Parsed(text, Report(truncated=True) if truncated else _NOTHING)
    plain = plain_of(target, targets.plain)
    opener = _OPENER.search(text) if plain is not None else None
    if plain is None or opener is None:
        return None
    start = opener.start()
    try:
        value, end = _scan(text, start)
        if not _stands_alone(text, start, end) or _is_doubtful(text):
            return None
        if plain.levels > limits.max_depth and _depth(value) > limits.max_depth:
            return None
        found = plain.read(value, factory)
    except (NotPlain, ValueError, RecursionError, KeyError, TypeError, OverflowError):
        return None
    return Parsed(found, Report(truncated=truncated, preamble=preamble_of(text[:start])))


def _is_doubtful(text: str) -> bool:
    """Whether it may have halves of surrogate pairs, or numbers that lose what the scanner does not tell."""
    return _SURROGATE.search(text) is not None or _MOST_ZEROS in text or _SMALL.search(text) is not None


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether nothing around the value could be another one, reasoning, or a part of it."""
    before, after = text[:start], text[end:]
    if not before.strip(_BLANKS) and not after.strip(_BLANKS):
        return True
    if "<" in before or '"' in before or any(mark in after for mark in "{[<"):
        return False
    return "```" not in text[start:end] and _MEANT.match(text, start) is not None


def _depth(value: object) -> int:
    """How many brackets are open at once."""
    deepest = 0
    pending = [(value, 1)]
    while pending:
        value, depth = pending.pop()
        if type(value) is PairsOf:
            pending += [(part, depth + 1) for _, part in value]
        elif type(value) is list:
            pending += [(part, depth + 1) for part in value]
        else:
            depth -= 1
        deepest = max(deepest, depth)
    return deepest
