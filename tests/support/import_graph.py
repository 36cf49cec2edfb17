"""Which file of `bamlet/` imports which, and the circles among them: `python -m tests.support.import_graph`.

An import counts wherever it stands, inside a function or under `TYPE_CHECKING` too: it tells what one must know to
read the file. That a module also runs the `__init__` of its package does not count: nobody reads that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.layers import modules, uses

ROOT = Path(__file__).parent.parent.parent / "bamlet"

Graph = Mapping[str, frozenset[str]]


def import_graph(root: Path) -> Graph:
    """Files by their names without the package, `wire.sse`, and the files that each names in an import."""
    found = modules(root)
    names = {module.name for module in found}
    graph = {}
    for module in found:
        targets = {target for _, target in uses(module) if f"{target}.".startswith("bamlet.")}
        graph[module.name] = frozenset(_file(target, names) for target in targets) - {module.name}
    return graph


def circles(graph: Graph) -> Iterator[list[str]]:
    """Files that reach each other, in groups as large as can be."""
    reached = {name: _reached(name, graph) for name in graph}
    told: set[str] = set()
    for name in graph:
        group = sorted(other for other in reached[name] if name in reached[other])
        if group and name not in told:
            told.update(group)
            yield group


def _file(target: str, names: set[str]) -> str:
    """`bamlet.wire.sse.Event` is something in `wire.sse`."""
    parts = target.split(".")[1:]
    while ".".join(parts) not in names:
        parts.pop()
    return ".".join(parts)


def _reached(start: str, graph: Graph) -> set[str]:
    reached: set[str] = set()
    pending = [start]
    while pending:
        new = graph[pending.pop()] - reached
        reached |= new
        pending += new
    return reached


def main() -> None:
    graph = import_graph(ROOT)
    for name, targets in graph.items():
        print(f"{name or 'bamlet'}: {' '.join(sorted(target or 'bamlet' for target in targets))}".rstrip(": "))
    found = list(circles(graph))
    print(f"\n{len(graph)} files, {sum(map(len, graph.values()))} imports, {len(found)} circles")
    for group in found:
        print("circle: " + " ".join(name or "bamlet" for name in group))


if __name__ == "__main__":
    main()
