"""The names nearest to a misspelt one: the words behind every "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_MOST_CANDIDATES = 300  # comparing is slow, and a program may have thousands of names and of mistakes


def nearest(name: str, candidates: Iterable[str]) -> list[str]:
    """Up to three near candidates, the nearest first; those much farther than the nearest are left out."""
    from difflib import SequenceMatcher, get_close_matches  # of a size that few runs want

    low = name.lower()
    alike = (other for other in candidates if other != name and _may_be_near(low, other.lower()))
    pool = {other.lower(): other for other in islice(alike, _MOST_CANDIDATES)}
    near = get_close_matches(low, pool, n=3, cutoff=0.68)
    if not near and len(low) == 3:
        # Two letters that have changed places are a third of such a word.
        near = [other for other in pool if _distance(low, other) == 1 and sorted(low) == sorted(other)][:1]
    ratios = [SequenceMatcher(None, match, low).ratio() for match in near]
    return [pool[match] for match, ratio in zip(near, ratios, strict=True) if ratio > ratios[0] - 0.12]


def _may_be_near(one: str, other: str) -> bool:
    """A cheap test that the costly comparison would pass in nearly all cases that a person would call near."""
    lengths = len(one), len(other)
    return 2 * min(lengths) > max(lengths) and (one[:1] == other[:1] or one[-1:] == other[-1:])


def misspelling_of(name: str, known: Iterable[str]) -> str | None:
    """The known name that this one was meant to be: one or two letters away, whatever its case and its signs."""
    plain = _letters(name)
    for other in known:
        letters = _letters(other)
        allowed = 1 if len(letters) <= _SHORT else 2
        if name != other and abs(len(plain) - len(letters)) <= allowed and _distance(plain, letters) <= allowed:
            return other
    return None


_SHORT = 5  # of a shorter name every word of four letters would be a misspelling


def _letters(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _distance(one: str, other: str) -> int:
    """Letters that are missing, more, or others; two that have changed places count as one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, start=1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                least = min(least, earlier[j - 2] + 1)
            row.append(least)
    return row[-1]


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A hint that names up to three near candidates, or None."""
    near = nearest(name, candidates)
    if not near:
        return None
    quoted = [f"`{candidate}`" for candidate in near]
    return f"did you mean {' or '.join(filter(None, (', '.join(quoted[:-1]), quoted[-1])))}?"
