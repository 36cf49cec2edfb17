"""A thing that is lent for some time."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Token:
    value: str = field(repr=False)
    lifetime_seconds: float
