"""What a walk over a value may cost: each part is a round of the call's loops, and what it writes is bounded.

A value holds the same list twice for nothing, so what is written of it may be as large as the program likes.
"""

from __future__ import annotations

from collections.abc import Iterator

from .failures import Panic

MAX_WRITTEN = 16 * 1024 * 1024  # characters of one value as text


class Walk:
    """One walk. Whoever goes through a value says so of each part before it goes on."""

    __slots__ = ("_rounds", "_written")

    def __init__(self, rounds: Iterator[bool]) -> None:
        self._rounds = rounds
        self._written = 0

    def step(self, characters: int) -> None:
        """A part that takes so many characters. Raises what stops the call, or a panic."""
        next(self._rounds)
        self._written += characters
        if self._written > MAX_WRITTEN:
            raise Panic(f"a value of more than {MAX_WRITTEN:,} characters as text", "OutOfMemory")
