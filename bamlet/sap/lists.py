"""Copies of a list that only grows, for snapshots that are mostly thrown away.

A copy costs what it holds, so a copy of each state of a long list would cost its square. A copy that nobody holds
any more is brought up to date instead: that costs what is new.
"""

from __future__ import annotations

import sys
from typing import Final

_SHORT: Final = 64  # copying is as cheap
_KEPT: Final = 4  # the consumer's, the one that is being made, and those on the way
# What `getrefcount` says of a list that only this module holds: the tuple it is kept in, and the call itself.
_UNHELD: Final = 2


def _counts_references() -> bool:
    """Only then is it known that nobody holds a list: not without CPython's global lock."""
    has_lock = getattr(sys, "_is_gil_enabled", lambda: True)
    return sys.implementation.name == "cpython" and bool(has_lock())


_COUNTS = _counts_references()


class Lists:
    """Of one growing list. What it gives out never changes while anybody holds it."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        # Each with how many items of the growing list it begins with; its owner may have appended one more.
        self._kept: list[tuple[list[object], int]] = []

    def copy_of(self, growing: list[object]) -> list[object]:
        if len(growing) < _SHORT or not _COUNTS:
            return growing.copy()
        kept = self._kept
        for index in range(len(kept)):
            if sys.getrefcount(kept[index][0]) == _UNHELD:
                copy, size = kept.pop(index)
                del copy[size:]
                copy += growing[size:]
                break
        else:
            copy = growing.copy()
            if len(kept) == _KEPT:
                del kept[0]
        kept.append((copy, len(growing)))
        return copy
