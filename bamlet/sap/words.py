"""Closed sets of texts (enum members, string literals): which of them does a text mean?"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from ..patterns import pattern
from ..records import dataclass, field

PUNCTUATION_POINTS = 3
SUBSTRING_POINTS = 2

_LIGATURES = str.maketrans({"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O"})
_PUNCTUATION = pattern(r"[^\w-]")


@dataclass(frozen=True, slots=True)
class Match:
    """`partial` tells that the text said more than the word."""

    name: str
    points: int = 0
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Tie:
    """The text means several words equally: names and hits in declared order."""

    hits: tuple[tuple[str, int], ...]


class Words:
    """The texts of each name, in declared order."""

    def __init__(self, texts: dict[str, tuple[str, ...]]) -> None:
        self.names = tuple(texts)
        self.texts = texts
        self._exact = {text: name for name, group in reversed(texts.items()) for text in group}
        self._stages: list[_Stage] | None = None

    def exact(self, text: str) -> str | None:
        return self._exact.get(text)

    def may_become(self, start: str) -> bool:
        """Whether a text that starts so can still be exactly one of the words."""
        return any(text.startswith(start) for text in self._exact)

    def find(self, text: str) -> Match | Tie | None:
        name = self._exact.get(text)
        if name is not None:
            return Match(name)
        if self._stages is None:
            self._stages = _stages_of(self.texts)
        text = fold_accents(text.strip())
        for stage in self._stages:
            simple = stage.simplify(text)
            if simple == text and not stage.is_other:
                continue
            found = stage.find(simple)
            if found is not None:
                return found
            text = simple
        return None


@dataclass(slots=True)
class _Stage:
    """One way to look: as written, without punctuation, without case.

    Each simplifies what the one before has made; one that has the same words is no other, unless it makes the text
    simpler.
    """

    words: dict[str, tuple[str, ...]]
    strips: bool
    lowers: bool
    is_other: bool = True
    exact: dict[str, str] = field(default_factory=dict)
    _pattern: re.Pattern[str] | None = None

    def __post_init__(self) -> None:
        for name, texts in self.words.items():
            for text in texts:
                self.exact.setdefault(self.simplify(fold_accents(text)), name)
        self.exact.pop("", None)
        longest_first = sorted(self.exact, key=len, reverse=True)
        if longest_first:
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def find(self, text: str) -> Match | Tie | None:
        """What a text that is simplified means."""
        points = PUNCTUATION_POINTS if self.strips else 0
        name = self.exact.get(text)
        if name is not None:
            return Match(name, points)
        if self._pattern is None:
            return None
        hits: dict[str, int] = {}
        for found in self._pattern.finditer(text):
            name = self.exact[found[0]]
            hits[name] = hits.get(name, 0) + 1
        if not hits:
            return None
        most = max(hits.values())
        best = [name for name in self.words if hits.get(name) == most]
        if len(best) > 1:
            return Tie(tuple((name, hits[name]) for name in self.words if name in hits))
        others = sum(hits.values()) - most
        return Match(best[0], points + SUBSTRING_POINTS + others, partial=True)

    def simplify(self, text: str) -> str:
        if self.strips:
            text = _PUNCTUATION.sub("", text)
        return text.lower() if self.lowers else text


def _stages_of(words: dict[str, tuple[str, ...]]) -> list[_Stage]:
    stages = [_Stage(words, strips, lowers) for strips, lowers in ((False, False), (True, False), (True, True))]
    for before, stage in pairwise(stages):
        stage.is_other = stage.exact != before.exact
    return stages


def fold_accents(text: str) -> str:
    """`é` as `e`, `ß` as `ss`; what is not an accent stays."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(char for char in text if not unicodedata.combining(char))


def fold_key(text: str) -> str:
    """A key as it is compared: no case, accents, blanks or punctuation other than `_` and `-`."""
    return _PUNCTUATION.sub("", fold_accents(text).lower())
