"""Sources without their tests: what is shipped need not carry them."""

from __future__ import annotations

from ..grammar import Parser
from ..grammar import nodes as n
from ..source import SourceFile
from .store import cache_folder


def without_tests(name: str, text: str) -> str:
    """The text of a file that can be parsed, its test blocks taken out; a comment before one stays."""
    source = SourceFile(name, text)
    items = Parser(cache_folder()).parse(source).items
    for placed in reversed(items):
        if isinstance(placed.node, n.TestDecl):
            span = placed.span(placed.node)
            text = text[: span.start] + text[span.end :].removeprefix("\n")
    return text
