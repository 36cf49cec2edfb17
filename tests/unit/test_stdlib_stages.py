"""What each stage makes of the standard library: its tree, its types and throws, its Python.

Goldens, because the library is the program that the whole language is for: a change of the grammar, the checker or
the emitter shows here what it does to real code, and a change of the library what it costs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from bamlet.grammar import Parsed, Parser
from bamlet.grammar import nodes as n
from bamlet.interpreter.emit.definitions import definition, unit_of
from bamlet.interpreter.facts.symbols import FunctionSymbol
from bamlet.interpreter.program.analyse import Analysis, analyse
from bamlet.source import SourceFile
from bamlet.stdlib import library
from bamlet.types.show import show
from bamlet.types.ty import NEVER
from tests.support.golden import Goldens

FILES = {file.name.partition("/stdlib/")[2].removesuffix(".baml"): file for file in library()}
WIDTH = 150
# The Python of these is looked at; all of `llm/answer` is the host's.
WITH_CODE = [name for name in FILES if name in ("errors", "fs", "http") or name.startswith("llm/")]
WITH_CODE.remove("llm/answer")


@cache
def parsed() -> dict[str, Parsed]:
    return {name: Parser(None).parse(SourceFile(file.name, file.text)) for name, file in FILES.items()}


@cache
def analysis() -> Analysis:
    namespaces = {file.name: file.namespace for file in FILES.values()}
    found = analyse(list(parsed().values()), None, namespaces)
    assert not found.diagnostics
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_tree(name: str, golden: Goldens) -> None:
    lines = [line for placed in parsed()[name].items for line in _outline(placed.node, 0)]
    golden(f"stdlib/{name}.tree.txt", "\n".join(lines) + "\n")


def _outline(node: n.Node, depth: int) -> Iterator[str]:
    """A node that fits a line is one; of any other the parts are."""
    whole = "  " * depth + _term(node)
    if len(whole) <= WIDTH and not isinstance(node, n.FunctionDecl | n.ClassDecl | n.Block):
        yield whole
        return
    own = [_term(value) for value in node.contents() if not _holds_nodes(value)]
    yield "  " * depth + " ".join([type(node).__name__, *filter(None, own)])
    for child in node.children():
        yield from _outline(child, depth + 1)


def _holds_nodes(value: Any) -> bool:
    return isinstance(value, n.Node) or (
        isinstance(value, tuple) and any(isinstance(part, n.Node) for part in value)
    )


def _term(value: Any) -> str:
    match value:
        case n.Identifier(name=name):
            return name
        case n.Path():
            return value.name
        case n.Node():
            parts = filter(None, map(_term, value.contents()))
            return f"({' '.join([type(value).__name__, *parts])})"
        case tuple():
            return " ".join(filter(None, map(_term, value)))
        case None | False:
            return ""
        case str():
            return repr(value.splitlines()[0] if value.splitlines() else "")
        case _:
            return repr(value)


@pytest.mark.parametrize("name", FILES)
def test_the_types(name: str, golden: Goldens) -> None:
    """`async` can wait, `context` is given the call, `stub` is native."""
    lines = [_signature(symbol) for symbol in _functions(name)]
    golden(f"stdlib/{name}.types.txt", "\n".join(lines) + "\n")


def _functions(name: str) -> list[FunctionSymbol]:
    return [
        symbol
        for symbol in analysis().names.functions.values()
        if symbol.placed is not None and symbol.placed.file.name == FILES[name].name
    ]


def _signature(symbol: FunctionSymbol) -> str:
    effects = analysis().effects
    marks = [
        "stub" if symbol.kind == "stub" else "",
        "async" if symbol.name in effects.suspends else "",
        "context" if symbol.name in effects.needs_context and symbol.kind != "stub" else "",
    ]
    params = ", ".join(f"{param.name}: {show(param.ty)}" for param in symbol.params)
    thrown = symbol.throws if symbol.throws is not None else symbol.thrown
    throws = "" if thrown == NEVER else f" throws {show(thrown)}"
    return f"{symbol.name}({params}) -> {show(symbol.result)}{throws}  [{' '.join(filter(None, marks))}]"


@pytest.mark.parametrize("name", WITH_CODE)
def test_the_python(name: str, golden: Goldens) -> None:
    found = analysis()
    unit = unit_of(found.view, found.effects)
    made = [
        ast.unparse(statement)
        for symbol in _functions(name)
        if symbol.kind != "stub"
        for statement in definition(symbol, unit, found.checked)
    ]
    golden(f"stdlib/{name}.py", "\n\n\n".join(made) + "\n")


def test_the_library_compiles_without_a_word() -> None:
    assert analysis().diagnostics == ()
