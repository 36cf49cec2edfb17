"""What Python code gets wrong about us: one line, which says what to write. Outside of the language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import bamlet

PROGRAM = bamlet.compile_sources({"main.baml": "function Add(a: int, b: int) -> int { a + b }"})

MISTAKES: dict[str, Callable[[Any], Any]] = {
    "write Runtime(bamlet.load('x.baml'))": lambda rt: bamlet.Runtime("x.baml"),  # type: ignore[arg-type]
    "write Runtime(bamlet.load(...))": lambda rt: bamlet.AsyncRuntime(None),  # type: ignore[arg-type]
    "write call('Add', a=..., b=...)": lambda rt: rt.call("Add", 1),
    "have names here": lambda rt: rt.stream("Add", [1, 2]),
    "CallContext(deadline=...)": lambda rt: rt.call("Add", a=1, b=2, context={"deadline": 1}),
    '{"main.baml": text}': lambda rt: bamlet.compile_sources("function"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("remedy", MISTAKES)
def test_a_mistake_in_python_says_what_to_write(remedy: str) -> None:
    with bamlet.Runtime(PROGRAM) as rt, pytest.raises(bamlet.BamlInvalidArgumentError) as refused:
        MISTAKES[remedy](rt)
    assert remedy in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_program_and_the_public_names_are_shown_in_short() -> None:
    assert len(repr(PROGRAM)) < 80
    assert "1 functions" in repr(PROGRAM)
    assert set(bamlet.__all__) <= set(dir(bamlet))
