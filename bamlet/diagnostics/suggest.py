"""The names nearest to a misspelt one: the words behind every "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, candidates: Iterable[str]) -> list[str]:
    """Up to three near candidates, the nearest first."""
    pool = {candidate.lower(): candidate for candidate in candidates if candidate != name}
    return [pool[match] for match in get_close_matches(name.lower(), pool, n=3, cutoff=0.68)]


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A hint that names up to three near candidates, or None."""
    near = nearest(name, candidates)
    if not near:
        return None
    quoted = [f"`{candidate}`" for candidate in near]
    return f"did you mean {' or '.join(quoted)}?"
