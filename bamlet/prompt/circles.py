"""Names that lead back to themselves: a graph of names in order of declaration in, circles in BAML's order out.

That order is of Tarjan's algorithm, and prompts were tuned to it. A walk in depth that begins at each name, and
goes on to others as they are declared, meets the names of a circle in some order; the circle begins with the one
declared first, and those that were met before it come last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping


class Circles:
    """`of` has, for each name on a circle, all names of it."""

    def __init__(self, edges: Mapping[str, Collection[str]]) -> None:
        self.of: dict[str, list[str]] = {}
        self._edges = edges
        self._place = {name: at for at, name in enumerate(edges)}
        self._met: dict[str, int] = {}
        self._back: dict[str, int] = {}  # how early on the path a name leads back to
        self._path: list[str] = []  # those met of which the circle is not known yet
        for name in edges:
            if name not in self._met:
                self._walk(name)

    def _walk(self, root: str) -> None:
        work = [(root, self._enter(root))]
        while work:
            name, ahead = work[-1]
            for other in ahead:
                if other not in self._met:
                    work.append((other, self._enter(other)))
                    break
                if other in self._back:
                    self._back[name] = min(self._back[name], self._met[other])
            else:
                work.pop()
                self._leave(name, work[-1][0] if work else None)

    def _enter(self, name: str) -> Iterator[str]:
        self._met[name] = self._back[name] = len(self._met)
        self._path.append(name)
        place = self._place
        return iter(sorted((other for other in self._edges[name] if other in place), key=place.__getitem__))

    def _leave(self, name: str, above: str | None) -> None:
        back = self._back[name]
        if back < self._met[name]:
            assert above is not None, "what leads further back was met from there"
            self._back[above] = min(self._back[above], back)
            return
        found: list[str] = []
        while name not in found[-1:]:
            found.append(self._path.pop())
            del self._back[found[-1]]
        found.reverse()
        if len(found) > 1 or name in self._edges[name]:
            first = found.index(min(found, key=self._place.__getitem__))
            self.of.update(dict.fromkeys(found, found[first:] + found[:first]))
