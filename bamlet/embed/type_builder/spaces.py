"""Namespaces in a type builder: `builder.shop.Cart` is the class `shop.Cart`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .classes import ClassBuilder
    from .enums import EnumBuilder


class Space:
    """The types of one namespace as attributes, and the namespaces inside of it."""

    def __init__(
        self, name: str, find: Callable[[str], ClassBuilder | EnumBuilder | Space], names: Callable[[], list[str]]
    ) -> None:
        self._name = name
        self._find = find
        self._names = names

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> ClassBuilder | EnumBuilder | Space:
            if name.startswith("_"):
                raise AttributeError(name)
            return self._find(f"{self._name}.{name}")

    def __dir__(self) -> Iterable[str]:
        return inside(self._name, self._names())

    def __repr__(self) -> str:
        return f"Space({self._name})"


def inside(space: str, names: Iterable[str]) -> list[str]:
    """What stands right inside of a namespace, of all names with their namespaces; the top one is nothing."""
    start = f"{space}." if space else ""
    found = (name.removeprefix(start).partition(".")[0] for name in names if name.startswith(start))
    return list(dict.fromkeys(found))
