"""Circles among names that refer to each other: each group once, as one way round."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping


def cycles(names: Iterable[str], refers_to: Callable[[str], Iterable[str]]) -> Iterator[list[str]]:
    """For each group of names that reach each other, a shortest way from its first by name back to it.

    Linear in the references between the names.
    """
    edges = {name: list(refers_to(name)) for name in names}
    for group in groups(edges):
        first = min(group)
        if len(group) > 1 or first in edges[first]:
            yield _way_round(first, group, edges)


def show_cycle(cycle: list[str]) -> str:
    shown = cycle if len(cycle) <= 8 else [*cycle[:4], "…", *cycle[-3:]]
    return " -> ".join(shown)


def groups(edges: Mapping[str, list[str]]) -> Iterator[set[str]]:
    """Names that reach each other, each in one group, by Kosaraju's way: names by the time they are finished, then
    the references back. A group comes before those that it refers to.
    """
    back: dict[str, list[str]] = {name: [] for name in edges}
    for name, others in edges.items():
        for other in others:
            if other in back:
                back[other].append(name)
    placed: set[str] = set()
    for name in reversed(finished(edges)):
        group = set(_reached(name, back, placed))
        if group:
            yield group


def finished(edges: Mapping[str, list[str]]) -> list[str]:
    """All names, each after everything that it reaches first."""
    seen: set[str] = set()
    order: list[str] = []
    for root in edges:
        if root in seen:
            continue
        seen.add(root)
        work = [(root, iter(edges[root]))]
        while work:
            name, rest = work[-1]
            following = next((other for other in rest if other in edges and other not in seen), None)
            if following is None:
                order.append(name)
                work.pop()
            else:
                seen.add(following)
                work.append((following, iter(edges[following])))
    return order


def _reached(start: str, edges: dict[str, list[str]], placed: set[str]) -> Iterator[str]:
    if start in placed:
        return
    placed.add(start)
    work = [start]
    while work:
        name = work.pop()
        yield name
        fresh = [other for other in edges[name] if other not in placed]
        placed.update(fresh)
        work += fresh


def _way_round(first: str, group: set[str], edges: dict[str, list[str]]) -> list[str]:
    came_from: dict[str, str] = {}
    pending = deque([first])
    while pending:
        name = pending.popleft()
        for other in edges[name]:
            if other == first:
                return _way(first, name, came_from)
            if other in group and other not in came_from:
                came_from[other] = name
                pending.append(other)
    raise AssertionError("a group of names that reach each other has a way round")


def _way(first: str, last: str, came_from: dict[str, str]) -> list[str]:
    way = [first]
    while last != first:
        way.insert(1, last)
        last = came_from[last]
    return [*way, first]
