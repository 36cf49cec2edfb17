"""Does a partial value continue the one before it? Strings and lists only grow, what is set stays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bamlet.interpreter.runtime.values import Instance
from bamlet.sap import NOTHING

_STATES = ("Pending", "Incomplete", "Complete")


def breaks(shown: list[Any]) -> Iterator[str]:
    """Where a value does not continue the last one that was shown, by its number and the path in it."""
    seen = ((number, value) for number, value in enumerate(shown) if value is not NOTHING)
    for (_, earlier), (number, later) in pairwise(seen):
        if later is None and _says_nothing(earlier):
            continue  # the skeleton of an optional class stood only for what had not begun
        for problem in _breaks(earlier, later, "$"):
            yield f"{number}: {problem}"


def _says_nothing(value: Any) -> bool:
    """Whether a value is the skeleton of a class: no field of it is set."""
    if isinstance(value, dict):
        return all(field in (None, [], {}) for field in value.values())
    if not isinstance(value, Instance):
        return False
    return all(field in (None, [], {}) for field in (getattr(value, name) for name in value.__fields__))


def _breaks(earlier: Any, later: Any, path: str) -> Iterator[str]:
    if earlier is None:
        return
    changed = f"{path}: {earlier!r} became {later!r}"
    if type(earlier) is not type(later):
        yield changed
    elif isinstance(earlier, str):
        if path.endswith(".state"):
            if _STATES.index(earlier) > _STATES.index(later):
                yield changed
        elif not later.startswith(earlier):
            yield changed
    elif isinstance(earlier, list):
        if len(later) < len(earlier):
            yield changed
        for index, (item, grown) in enumerate(zip(earlier, later, strict=False)):
            yield from _breaks(item, grown, f"{path}[{index}]")
    elif isinstance(earlier, dict):
        if list(earlier) != list(later)[: len(earlier)]:
            yield changed
        for key in earlier.keys() & later.keys():
            yield from _breaks(earlier[key], later[key], f"{path}.{key}")
    elif isinstance(earlier, Instance):
        for name in earlier.__fields__:
            yield from _breaks(getattr(earlier, name), getattr(later, name), f"{path}.{name}")
    elif earlier != later:
        yield changed
