"""Constants in an order in which each comes after those that it names, so that their types are known in time."""

from __future__ import annotations

from collections.abc import Iterator

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...grammar.walk import walk
from ..facts.report import Report
from ..facts.symbols import ConstantSymbol, Names


def in_order_of_use(own: Names, report: Report) -> list[ConstantSymbol]:
    """Those that need their own value are reported; each comes out once all the same."""
    done: dict[str, ConstantSymbol] = {}
    for start in own.constants.values():
        pending = [(start, _uses(own, start))]
        way = {start.name}
        while pending:
            symbol, uses = pending[-1]
            used = next((other for other in uses if other.name not in done), None)
            if used is None:
                done.setdefault(symbol.name, symbol)
                way.discard(symbol.name)
                pending.pop()
            elif used.name in way:
                _circle(symbol, used, report)
            else:
                way.add(used.name)
                pending.append((used, _uses(own, used)))
    return list(done.values())


def _uses(own: Names, symbol: ConstantSymbol) -> Iterator[ConstantSymbol]:
    assert symbol.node is not None
    assert symbol.placed is not None
    for node in walk(symbol.node.value):
        if isinstance(node, n.Path):
            for length in range(1, len(node.parts) + 1):
                name = own.full(".".join(part.name for part in node.parts[:length]), symbol.placed.file.name)
                if name in own.constants:
                    yield own.constants[name]


def _circle(symbol: ConstantSymbol, used: ConstantSymbol, report: Report) -> None:
    assert symbol.placed is not None
    assert symbol.node is not None
    message = f"`{symbol.name}` needs `{used.name}`, which needs `{symbol.name}`"
    if symbol.name == used.name:
        message = f"`{symbol.name}` needs its own value"
    report.at(symbol.placed, symbol.node.name, catalogue.UNSUPPORTED, message)
