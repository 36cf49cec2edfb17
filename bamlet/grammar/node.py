"""What all syntax tree nodes share: they are frozen, have a place, and compare by content.

A node class only lists its parts. It is made like a frozen dataclass, but without code generated for each class:
eighty dataclasses cost 30 ms at import, a third of the time of checking a small project.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NoReturn, Self, TypeVar, dataclass_transform

T = TypeVar("T")
N = TypeVar("N", bound="Node")

MOST_REMEMBERED = 20_000  # nodes, of each function that is remembered


@dataclass_transform(frozen_default=True)
class _NodeType(type):
    __parts__: tuple[str, ...]
    __put__: tuple[Callable[[Any, Any], None], ...]
    __read__: Callable[[Any], tuple[Any, ...]]

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _NodeType:
        own = tuple(namespace.get("__annotations__", ()))
        inherited: tuple[str, ...] = getattr(bases[0], "__parts__", ()) if bases else ()
        made = super().__new__(cls, name, bases, {**namespace, "__slots__": own})
        made.__parts__ = inherited + own
        # Slots are written through their descriptors, past the `__setattr__` that keeps nodes as they are.
        made.__put__ = tuple(getattr(made, part).__set__ for part in made.__parts__)
        made.__read__ = staticmethod(_reader(made.__parts__[2:]))
        return made


def _reader(parts: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if len(parts) > 1:
        return attrgetter(*parts)
    return lambda node: tuple(getattr(node, part) for part in parts)


class Node(metaclass=_NodeType):
    """`start` and `end` are offsets into the item's text; they do not count for equality."""

    start: int
    end: int

    def __init__(self, *values: Any) -> None:
        for put, value in zip(type(self).__put__, values, strict=True):
            put(self, value)

    def contents(self) -> tuple[Any, ...]:
        """The values of all parts but the place."""
        return type(self).__read__(self)

    def children(self) -> list[Node]:
        """The nodes right below, in order."""
        found: list[Node] = []
        for value in self.contents():
            if isinstance(value, Node):
                found.append(value)
            elif isinstance(value, tuple):
                found += [item for item in value if isinstance(item, Node)]
        return found

    def replaced(self, **changes: Any) -> Self:
        """The same node with other parts."""
        return type(self)(*(changes.get(name, getattr(self, name)) for name in type(self).__parts__))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _equal(self, other)

    def __hash__(self) -> int:
        return hash((type(self), *self.contents()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self).__parts__[2:])
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in type(self).__parts__)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot change")


def _equal(first: object, second: object) -> bool:
    """Without recursion: Python 3.12 allows ten thousand levels of calls through C, and a chain is deeper."""
    pairs = [(first, second)]
    while pairs:
        mine, theirs = pairs.pop()
        if isinstance(mine, Node):
            if type(mine) is not type(theirs):
                return False
            assert isinstance(theirs, Node)
            pairs += zip(mine.contents(), theirs.contents(), strict=True)
        elif isinstance(mine, tuple) and isinstance(theirs, tuple):
            if len(mine) != len(theirs):
                return False
            pairs += zip(mine, theirs, strict=True)
        elif mine != theirs:
            return False
    return True


def remembered(compute: Callable[[N], T]) -> Callable[[N], T]:
    """The same, done once a node: what was not edited is the same nodes again when it is checked again."""
    known: dict[int, tuple[N, T]] = {}  # the node as well, so that its number stays its own

    def recall(node: N) -> T:
        found = known.get(id(node))
        if found is None:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            found = known[id(node)] = node, compute(node)
        return found[1]

    return recall
