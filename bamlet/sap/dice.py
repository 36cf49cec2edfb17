"""Numbers that only look random: splitmix64, so that a seed means the same on every platform and Python."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


class Dice:
    """Thrown again and again; two that were made of the same parts fall alike."""

    def __init__(self, *parts: object) -> None:
        told = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
        self._state = int.from_bytes(blake2b(told, digest_size=8).digest(), "big")

    def next(self) -> int:
        """64 bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def below(self, count: int) -> int:
        return self.next() % count

    def between(self, low: int, high: int) -> int:
        """Both included."""
        return low + self.below(high - low + 1)

    def chance(self, one_in: int) -> bool:
        return self.below(one_in) == 0

    def choice(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]
