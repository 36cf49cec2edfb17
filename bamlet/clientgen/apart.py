"""Names of a program as names of another language, no two the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def apart(names: Iterable[str], write: Callable[[str], str], taken: Iterable[str] = ()) -> dict[str, str]:
    """One for each name, and none of those that are taken: an underscore behind it tells two apart."""
    found: dict[str, str] = {}
    used = set(taken)
    for name in names:
        made = write(name)
        while made in used:
            made += "_"
        used.add(made)
        found[name] = made
    return found
