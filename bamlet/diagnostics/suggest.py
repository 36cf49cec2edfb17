"""The names nearest to a misspelt one: the words behind every "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


def nearest(name: str, candidates: Iterable[str]) -> list[str]:
    """Up to three near candidates, the nearest first; those much farther than the nearest are left out."""
    low = name.lower()
    pool = {candidate.lower(): candidate for candidate in candidates if candidate != name}
    near = get_close_matches(low, pool, n=3, cutoff=0.68)
    ratios = [SequenceMatcher(None, match, low).ratio() for match in near]
    return [pool[match] for match, ratio in zip(near, ratios, strict=True) if ratio > ratios[0] - 0.12]


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A hint that names up to three near candidates, or None."""
    near = nearest(name, candidates)
    if not near:
        return None
    quoted = [f"`{candidate}`" for candidate in near]
    return f"did you mean {' or '.join(filter(None, (', '.join(quoted[:-1]), quoted[-1])))}?"
