"""A text that matches a pattern: a walk over the pattern, in which somebody else chooses."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from .syntax import Assertion, Char, Choice, Node, Repeat, Sequence, parse

MOST_MORE = 3
"""How often more than it must an open repetition is repeated."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_CANDIDATES = (
    _LETTERS,
    _LETTERS.upper(),
    "0123456789",
    " -_.,:;/@#&+*=()[]{}<>!?'\"\\|~^$%`",
    "\n\t\r",
    "äßéñçøœαβγλЖя中日한ا",
)

Below = Callable[[int], int]
"""A number from 0 up to the one given, without it."""


def example(pattern: str, below: Below) -> str | None:
    """None for a pattern that has none among the characters that are tried. Raises `BadPattern` and `Unsupported`.

    Whether it matches, who asks must look: what stands at its sides may matter.
    """
    return _written(_parsed(pattern), below)


@lru_cache(maxsize=64)
def _parsed(pattern: str) -> Node:
    return parse(pattern)


def _written(node: Node, below: Below) -> str | None:
    match node:
        case Char():
            return _character(node, below)
        case Assertion():
            return ""
        case Sequence():
            return _joined([_written(part, below) for part in node.parts])
        case Choice():
            return _written(node.options[below(len(node.options))], below)
        case Repeat():
            most = node.least + MOST_MORE if node.most is None else min(node.most, node.least + MOST_MORE)
            count = node.least + below(most - node.least + 1)
            return _joined([_written(node.body, below) for _ in range(count)])


def _joined(parts: list[str | None]) -> str | None:
    return None if None in parts else "".join(part for part in parts if part is not None)


def _character(node: Char, below: Below) -> str | None:
    """Of the first kind of characters that has any: letters before digits before signs."""
    for kind in _CANDIDATES:
        fitting = [char for char in kind if node.matches(char)]
        if fitting:
            return fitting[below(len(fitting))]
    return None
