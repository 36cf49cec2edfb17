"""A JSON object put together from values at paths, such as `$.recipe.items[0].name`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..patterns import pattern

MAX_LIST = 10_000
MAX_DEPTH = 100

_STEP = pattern(r"""\.([^.\[\]]+)|\[(\d{1,9})\]|\[(?:'([^']*)'|"([^"]*)")\]""")


class JsonBuilder:
    """Strings at the same path are joined; any other value replaces what is there."""

    def __init__(self, value: Any = None) -> None:
        self.value: Any = value if isinstance(value, dict) else {}

    def add(self, path: str, value: Any) -> None:
        """A path that cannot be followed adds nothing."""
        steps = _steps(path)
        if not steps:
            return
        place: Any = self.value
        for step, following in pairwise(steps):
            inner = _get(place, step)
            if not isinstance(inner, dict | list):
                inner = [] if isinstance(following, int) else {}
                if not _set(place, step, inner):
                    return
            place = inner
        before = _get(place, steps[-1])
        joined = isinstance(before, str) and isinstance(value, str)
        _set(place, steps[-1], before + value if joined else value)


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    at = 1 if path.startswith("$") else 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None or len(steps) == MAX_DEPTH:
            return []
        name, index, single, double = found.groups()
        steps.append(int(index) if index is not None else next(x for x in (name, single, double) if x is not None))
        at = found.end()
    return steps


def _get(place: Any, step: str | int) -> Any:
    if isinstance(place, dict):
        return place.get(step)
    return place[step] if isinstance(step, int) and step < len(place) else None


def _set(place: Any, step: str | int, value: Any) -> bool:
    if isinstance(place, dict):
        place[str(step)] = value
        return True
    if not isinstance(step, int) or step >= MAX_LIST:
        return False
    place.extend([None] * (step + 1 - len(place)))
    place[step] = value
    return True
