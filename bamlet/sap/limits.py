"""How much an answer may ask of the parser."""

from __future__ import annotations

from ..records import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_candidates` bounds how many bracketed values are looked at; the others end the parse."""

    max_depth: int = 200
    max_chars: int = 10_000_000
    max_candidates: int = 64


DEFAULT_LIMITS = Limits()
