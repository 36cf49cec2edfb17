"""What checking costs grows with the program and no faster: calls of Python functions are counted, not seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

import bamlet


def chain(n: int) -> str:
    """Each function ends in a call of the next."""
    calls = "\n".join(f"function f{i}(x: int) -> int {{ f{i + 1}(x) }}" for i in range(n))
    return f"{calls}\nfunction f{n}(x: int) -> int {{ x }}"


def endless_chain(n: int) -> str:
    calls = "\n".join(f"function f{i}(x: int) -> int {{ f{i + 1}(x) }}" for i in reversed(range(n)))
    return f"{calls}\nfunction f{n}(x: int) -> int {{ throw x }}"


def enum(n: int) -> str:
    arms = ", ".join(f"E.M{i} => {i}" for i in range(n))
    members = " ".join(f"M{i}" for i in range(n))
    return f"enum E {{ {members} }}\nfunction f(e: E) -> int {{ match (e) {{ {arms} }} }}"


def classes(n: int) -> str:
    declared = "\n".join(f"class C{i} {{ x int }}" for i in range(n))
    whole = " | ".join(f"C{i}" for i in range(n))
    arms = ", ".join(f"c: C{i} => c.x" for i in range(n))
    return f"{declared}\ntype U = {whole}\nfunction f(e: U) -> int {{ match (e) {{ {arms} }} }}"


def literals(n: int) -> str:
    whole = " | ".join(f'"a{i}"' for i in range(n))
    arms = ", ".join(f'"a{i}" => {i}' for i in range(n))
    return f"type U = {whole}\nfunction f(e: U) -> int {{ match (e) {{ {arms} }} }}"


def _classes(n: int) -> tuple[str, str]:
    """Classes, and the union of all."""
    return "\n".join(f"class C{i} {{ x int }}" for i in range(n)), " | ".join(f"C{i}" for i in range(n))


def is_in_a_row(n: int) -> str:
    declared, whole = _classes(n)
    body = "\n".join(f"if (e is C{i}) {{ return {i}; }}" for i in range(n))
    return f"{declared}\nfunction f(e: {whole} | string?) -> int {{ {body} 0 }}"


def is_behind_an_alias(n: int) -> str:
    declared, whole = _classes(n)
    body = "\n".join(f"if (e is C{i}) {{ return {i}; }}" for i in range(n))
    return f"{declared}\ntype A = {whole}\ntype B = A | A[]\nfunction f(e: B) -> int {{ {body} 0 }}"


def comparisons(n: int) -> str:
    whole = " | ".join(f'"a{i}"' for i in range(n))
    body = "\n".join(f'if (e == "a{i}") {{ return {i}; }}' for i in range(n))
    return f"function f(e: {whole}) -> int {{ {body} 0 }}"


def catches(n: int) -> str:
    declared, whole = _classes(n)
    arms = ", ".join(f"e: C{i} => {i}" for i in range(n))
    throws = f"function g(x: int) -> int throws {whole} {{ throw C0 {{ x: 1 }} }}"
    return f"{declared}\n{throws}\nfunction f(x: int) -> int {{ g(x) catch {{ {arms} }} }}"


def stores(n: int) -> str:
    declared, whole = _classes(n)
    body = "\n".join(f"if (k == {i}) {{ e = C{i} {{ x: 1 }}; }}" for i in range(n))
    return f"{declared}\nfunction f(k: int) -> int {{ let e: {whole} = C0 {{ x: 1 }}; {body} 0 }}"


def facts_of_many_variables(n: int) -> str:
    params = ", ".join(f"v{i}: int?" for i in range(n))
    body = "\n".join(f"if (v{i} == null) {{ v{i} = 1; }}" for i in range(n))
    return f"function f({params}) -> int {{ {body} 1 }}"


def fields_in_patterns(n: int) -> str:
    arms = ", ".join(f"C {{ x: {i} }} => {i}" for i in range(n))
    return f"class C {{ x int }}\nfunction f(e: C) -> int {{ match (e) {{ {arms}, _ => 0 }} }}"


def elements_in_patterns(n: int) -> str:
    arms = ", ".join(f"[{i}, ..] => {i}" for i in range(n))
    return f"function f(e: int[]) -> int {{ match (e) {{ {arms}, _ => 0 }} }}"


def throws_of_one_type(n: int) -> str:
    calls = "\n".join(
        f'function f{i}(x: int) -> int {{ if (x == {i}) {{ throw "a{i}"; }} f{i + 1}(x) }}' for i in range(n)
    )
    return f"{calls}\nfunction f{n}(x: int) -> int {{ x }}"


def numbers(n: int) -> str:
    arms = ", ".join(f"{i} => {i}" for i in range(n))
    return f"function f(e: int) -> int {{ match (e) {{ {arms}, _ => 0 }} }}"


def assignments(n: int) -> str:
    lets = "\n".join(f"let v{i}: int? = {i};" for i in range(n))
    sets = "\n".join(f"v{i} = {i};" for i in range(n))
    return f"function f() -> int {{\n{lets}\n{sets}\n0 }}"


def conditions(n: int) -> str:
    body = "{% if x %}a{% endif %}\n" * n
    return f'function F(x: string) -> string {{ client "openai/m", prompt #"{body}"# }}'


def calls_of(work: Callable[[], object]) -> int:
    """The calls of Python functions, of list comprehensions and of the steps of generators."""
    count = 0

    def see(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


PROGRAMS = [
    *(chain, endless_chain, throws_of_one_type, assignments, conditions),
    *(enum, classes, literals, numbers, catches, fields_in_patterns, elements_in_patterns),
    *(is_in_a_row, is_behind_an_alias, comparisons, stores, facts_of_many_variables),
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_checking_grows_with_the_program(program: Callable[[int], str]) -> None:
    bamlet.compile_sources({"a.baml": program(2)})  # what is made once
    few, many = (
        calls_of(lambda n=n: bamlet.compile_sources({"a.baml": program(n)}))  # type: ignore[misc]
        for n in (50, 200)
    )
    assert many < few * 5


def test_a_function_that_never_returns_is_found_through_a_chain_and_a_circle() -> None:
    source = """
    function last(x: int) -> int { throw x }
    function middle(x: int) -> int { last(x) }
    function first(x: int) -> int { middle(x) }
    function a(x: int) -> int { b(x) }
    function b(x: int) -> int { if (x > 0) { a(x) } else { first(x) } }
    function c(x: int) -> int { if (x > 0) { d(x) } else { 1 } }
    function d(x: int) -> int { c(x) }
    function ends(x: int) -> string { a(x); }
    """
    bamlet.compile_sources({"a.baml": source})
    with pytest.raises(bamlet.CompileError, match="string"):
        bamlet.compile_sources({"a.baml": source.replace("string { a(x); }", "string { c(x); }")})
