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


@pytest.mark.parametrize(
    "program", [chain, endless_chain, enum, classes, literals, numbers, assignments, conditions]
)
def test_checking_grows_with_the_program(program: Callable[[int], str]) -> None:
    bamlet.compile_sources({"a.baml": program(2)})  # what is made once
    few, many = (
        calls_of(lambda n=n: bamlet.compile_sources({"a.baml": program(n)}))  # type: ignore[misc]
        for n in (100, 400)
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
