"""Copies of a list, a map or a text that only grows, for snapshots that are mostly thrown away.

A copy costs what it holds, so a copy of each state of a long list would cost its square. A copy that nobody holds
any more is brought up to date instead: that costs what is new.
"""

from __future__ import annotations

import sys
from sys import getrefcount
from typing import Final

_SHORT: Final = 64  # copying is as cheap
LONG_TEXT: Final = 16_384  # characters from which on copying is dearer
# A consumer that wants every snapshot has a queue of them (`sysops.sink.QUEUE_LENGTH`), its own, and those on the
# way.
MOST_KEPT: Final = 72
# Copies are let go in the order in which they were made, so when these are held, all are.
_TRIED: Final = range(4)
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
        for index, _ in zip(_TRIED, kept, strict=False):
            if getrefcount(kept[index][0]) == _UNHELD:
                copy, size = kept.pop(index)
                del copy[size:]
                if size < len(growing):
                    copy += growing[size:]
                break
        else:
            copy = growing.copy()
            if len(kept) == MOST_KEPT:
                del kept[0]
        kept.append((copy, len(growing)))
        return copy


class Maps:
    """The same of a growing map, to which one more entry may have been added behind the copied ones."""

    __slots__ = ("_kept", "_keys", "_repeated")

    def __init__(self) -> None:
        self._kept: list[tuple[dict[object, object], int]] = []
        self._keys: list[object] = []
        self._repeated = 0

    def copy_of(self, growing: dict[object, object], repeated: int) -> dict[object, object]:
        """`repeated` counts the keys that came again: older copies have their earlier values."""
        if len(growing) < _SHORT or not _COUNTS:
            return growing.copy()
        kept, keys = self._kept, self._keys
        if repeated != self._repeated:
            self._repeated = repeated
            kept.clear()
        if len(keys) < len(growing):
            new = len(growing) - len(keys)
            keys += reversed([key for key, _ in zip(reversed(growing), range(new), strict=False)])
        for index, _ in zip(_TRIED, kept, strict=False):
            if getrefcount(kept[index][0]) == _UNHELD:
                copy, size = kept.pop(index)
                while len(copy) > size:
                    copy.popitem()
                for key in keys[size:]:
                    copy[key] = growing[key]
                break
        else:
            copy = growing.copy()
            if len(kept) == MOST_KEPT:
                del kept[0]
        kept.append((copy, len(growing)))
        return copy


class Texts:
    """The same of a growing text. CPython extends a text where it is, as long as nobody else holds it."""

    __slots__ = ("_count", "_kept", "_recent")

    def __init__(self) -> None:
        self._kept: list[tuple[str, int]] = []  # each with how many pieces it has
        self._recent: list[str] = []  # the pieces that the oldest of them may lack
        self._count = 0

    def grown(self, text: str, new: str) -> str:
        """What was given last, with what is new behind it."""
        if len(text) < LONG_TEXT or not _COUNTS:
            return text + new
        kept, recent = self._kept, self._recent
        self._count += 1
        recent.append(new)
        # By index alone: who went over the pairs would hold one, and with it the text, which is then copied.
        for index in _TRIED if len(kept) > len(_TRIED) else range(len(kept)):
            if getrefcount(kept[index][0]) == _UNHELD:
                copy, count = kept.pop(index)
                copy += "".join(recent[count - self._count :])
                break
        else:
            copy = text + new
            if len(kept) == MOST_KEPT:
                del kept[0]
        kept.append((copy, self._count))
        del recent[: len(recent) - (self._count - kept[0][1])]
        return copy
