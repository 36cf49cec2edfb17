"""Generated code has expressions of thousands of terms: a chain is as deep as it is long."""

from __future__ import annotations

import ast
import sys

import pytest

import bamlet
from bamlet.deep import with_room
from bamlet.embed.compiling import check_sources
from bamlet.grammar.format import format_source


def _python_compiles(terms: int) -> bool:
    """The compiler of the first releases of Python 3.12 has a fixed stack, which ends before 2,000 levels."""
    tree: ast.expr = ast.Name("a", ast.Load())
    for _ in range(terms):
        tree = ast.BinOp(tree, ast.Add(), ast.Name("a", ast.Load()))
    try:
        compile(ast.fix_missing_locations(ast.Expression(tree)), "<chain>", "eval")
    except RecursionError:
        return False
    return True


_TERMS = 2_000 if sys.version_info[:2] != (3, 12) or with_room(lambda: _python_compiles(2_000)) else 700

_CHAINS = {
    "sum": ("int", "let a = 1; " + " + ".join(["a"] * _TERMS), _TERMS),
    "mixed": ("int", "let a = 1; " + " + ".join(["a * 2 - 1"] * _TERMS), _TERMS),
    "text": ("string", 'let a = "x"; ' + " + ".join(["a"] * _TERMS), "x" * _TERMS),
    "and": ("bool", "let a = true; " + " && ".join(["a"] * _TERMS), True),
    "or": ("bool", "let a = 1; " + " || ".join(f"(a == {i} && a > 2)" for i in range(_TERMS)), False),
    "methods": ("string", 'let a = " x "; a' + ".trim()" * _TERMS, "x"),
    "minus": ("int", "let a = 1; " + "- " * _TERMS + "a", 1),
    "else if": ("int", " else ".join(f"if (n == {i}) {{ {i} }}" for i in range(500)) + " else { -1 }", -1),
}


@pytest.mark.parametrize("name", _CHAINS)
def test_chain(name: str) -> None:
    result, body, value = _CHAINS[name]
    limit = sys.getrecursionlimit()
    program, found = check_sources({"main.baml": f"let n = 900\nfunction main() -> {result} {{ {body} }}"})
    assert [str(diagnostic) for diagnostic in found] == []
    assert sys.getrecursionlimit() == limit
    assert program is not None
    with bamlet.Runtime(program) as runtime:
        assert runtime.call("main") == value


def test_a_mistake_in_a_chain_is_told_once() -> None:
    body = " + ".join(["a"] * _TERMS + ["missing"])
    _, found = check_sources({"main.baml": f"function main() -> int {{ let a = 1; {body} }}"})
    assert [diagnostic.message for diagnostic in found] == ["nothing here is called `missing`"]


def test_a_chain_is_laid_out() -> None:
    text = f"function main() -> int {{\n  let a = 1;\n  {' + '.join(['a'] * _TERMS)}\n}}\n"
    assert format_source(format_source(text)) == format_source(text)


def test_what_is_too_deep_is_a_diagnostic() -> None:
    _, found = check_sources({"main.baml": f"function main(a: int) -> int {{ {'- ' * 30_000}a }}"})
    assert [diagnostic.code.slug for diagnostic in found] == ["nesting-limit"]
