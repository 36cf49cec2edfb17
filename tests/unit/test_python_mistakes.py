"""What Python code gets wrong about us: one line, which says what to write. Outside of the language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import bamlet

PROGRAM = bamlet.compile_sources(
    {"main.baml": "function Add(a: int, b: int) -> int { a + b }  function Is<T>(x: unknown) -> bool { x is T }"}
)

MISTAKES: dict[str, Callable[[Any], Any]] = {
    "write Runtime(bamlet.load('x.baml'))": lambda rt: bamlet.Runtime("x.baml"),  # type: ignore[arg-type]
    "write Runtime(bamlet.load(...))": lambda rt: bamlet.AsyncRuntime(None),  # type: ignore[arg-type]
    "write call('Add', a=..., b=...)": lambda rt: rt.call("Add", 1),
    "have names here": lambda rt: rt.stream("Add", [1, 2]),
    "CallContext(deadline=...)": lambda rt: rt.call("Add", a=1, b=2, context={"deadline": 1}),
    '{"main.baml": text}': lambda rt: bamlet.compile_sources("function"),  # type: ignore[arg-type]
    "takes texts": lambda rt: bamlet.compile_sources({"main.baml": b"x"}),  # type: ignore[dict-item]
    "a function is given by its name": lambda rt: rt.call(print),
    "`a` is given twice, in the mapping and as a keyword": lambda rt: rt.call("Add", {"a": 1, "b": 2}, a=3),
    "arguments have names": lambda rt: rt.call("Add", {1: 2}),
    "texts by their names go to compile_sources": lambda rt: bamlet.load({}),  # type: ignore[arg-type]
    'write load("folder")': lambda rt: bamlet.load(None),  # type: ignore[arg-type]
    "write `async with AsyncRuntime(...)`": lambda rt: bamlet.AsyncRuntime(PROGRAM).__enter__(),  # type: ignore[attr-defined]
    "write `with Runtime(...)`": lambda rt: asyncio.run(rt.__aenter__()),
    "call a function that calls `Is<…>(…)`": lambda rt: rt.call("Is", x=1),
    "the text of an answer is a str, not bytes": lambda rt: rt.parse("Add", b"1"),
}


@pytest.mark.parametrize("remedy", MISTAKES)
def test_a_mistake_in_python_says_what_to_write(remedy: str) -> None:
    with bamlet.Runtime(PROGRAM) as rt, pytest.raises(bamlet.BamlInvalidArgumentError) as refused:
        MISTAKES[remedy](rt)
    assert remedy in str(refused.value)
    assert "\n" not in str(refused.value)


def test_one_group_is_a_set_too() -> None:
    with pytest.raises(ValueError, match=r'write deny=\{"fs"\}'):
        bamlet.Runtime(PROGRAM, deny="fs")  # type: ignore[arg-type]


CLOSED = "this runtime is closed: make another one, or call inside of its `with`"
WAITS = bamlet.compile_sources({"main.baml": "function Wait() -> int { baml.sys.sleep(0); 1 }"})


@pytest.mark.parametrize(("program", "function"), [(PROGRAM, "Add"), (WAITS, "Wait")])
def test_a_call_after_close_says_so_until_it_is_entered_again(program: bamlet.Program, function: str) -> None:
    arguments = {"a": 1, "b": 2} if function == "Add" else {}
    rt = bamlet.Runtime(program)
    rt.call(function, arguments)
    rt.close()
    rt.close()
    for use in (lambda: rt.call(function, arguments), lambda: rt.stream(function, arguments).final()):
        with pytest.raises(bamlet.BamlInvalidArgumentError) as refused:
            use()
        assert str(refused.value) == CLOSED
    with rt:
        rt.call(function, arguments)
        rt.stream(function, arguments).final()


def test_an_asyncio_runtime_is_closed_for_its_loop() -> None:
    rt = bamlet.AsyncRuntime(WAITS)

    async def closed() -> None:
        async with rt:
            assert await rt.call("Wait") == 1
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="is closed"):
            await rt.call("Wait")
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="is closed"):
            await rt.stream("Wait").final()
        async with rt:
            assert await rt.call("Wait") == 1

    async def another() -> None:
        assert await rt.call("Wait") == 1
        await rt.aclose()

    asyncio.run(asyncio.wait_for(closed(), 20))
    asyncio.run(asyncio.wait_for(another(), 20))


def test_a_program_and_the_public_names_are_shown_in_short() -> None:
    assert len(repr(PROGRAM)) < 80
    assert "2 functions" in repr(PROGRAM)
    assert set(bamlet.__all__) <= set(dir(bamlet))
