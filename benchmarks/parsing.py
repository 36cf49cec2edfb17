"""Text to tree, with the automaton's tables already loaded; the floor is Python's own parser on as many lines."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import count

from bamlet.grammar import Parser
from bamlet.source import SourceFile

from .measure import Row, measure
from .project import project

ROUNDS = 7
LINES = 3_000

_PYTHON = """\
class Order{n}(Base):
    customer: str
    lines: list[Line]

def total{n}(order: Order{n}) -> float:
    total = 0.0
    for line in order.lines:
        if line.quantity > 0:
            total += line.cost()
    return total * 0.9 if order.mood == "happy" else total + 1.0

"""


def rows() -> Iterator[Row]:
    python = "".join(_PYTHON.format(n=n) for n in range(LINES // _PYTHON.count("\n")))
    timings = measure({"bamlet": _parsing_new_text(), "python": lambda: ast.parse(python)}, ROUNDS)
    rate = LINES / timings["bamlet"].median
    yield Row(
        f"parse, {LINES:,} lines / ast.parse", timings["bamlet"], timings["python"], note=f"{rate:,.0f} lines/s"
    )


def _parsing_new_text() -> Callable[[], None]:
    """Other text on every call: the parser remembers the items that it has seen."""
    parser = Parser()
    numbers = count(step=LINES)
    projects = [project(LINES, next(numbers)) for _ in range(ROUNDS + 1)]
    texts = iter([[SourceFile(*item) for item in files.items()] for files in projects])

    def parse() -> None:
        for file in next(texts):
            assert not parser.parse(file).diagnostics

    return parse
