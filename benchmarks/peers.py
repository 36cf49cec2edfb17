"""One LLM call by others that are installed, against the same server: what a user pays who calls it otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterator
from importlib.util import find_spec
from time import process_time
from types import ModuleType
from typing import Any

import bamlet

from .calls import CALLS, QUESTION, ROUNDS, SOURCE
from .loopback import ANSWER, server
from .measure import Row, loop_here, measure_async

Call = Callable[[], Awaitable[Any]]
BARS = {("baml_py", "h11"): 0.85, ("baml_py", "httptools"): 0.70}


def rows() -> Iterator[Row]:
    with server() as url:
        yield from asyncio.run(_rows(f"{url}/call"))


async def _rows(base: str) -> list[Row]:
    engines: list[Any] = ["h11", *(["httptools"] if find_spec("httptools") else [])]
    works = {name: _repeated(PEERS[name](base)) for name in PEERS if find_spec(name)}
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("BASE", base)})
    async with contextlib.AsyncExitStack() as opened:
        for engine in engines:
            options = bamlet.HttpOptions(engine=engine)
            runtime = await opened.enter_async_context(bamlet.AsyncRuntime(program, transport=options))
            works[engine] = _repeated(lambda runtime=runtime: runtime.call("Ask", {"question": QUESTION}))
        found = await measure_async(works, ROUNDS, process_time)
        loop = loop_here()
    return [
        Row(
            f"one LLM call, {engine} / {peer}, CPU, {loop}",
            found[engine].per(CALLS),
            found[peer].per(CALLS),
            most_ratio=BARS.get((peer, engine)),
        )
        for engine in engines
        for peer in PEERS
        if peer in works
    ]


def _repeated(call: Call) -> Call:
    async def calls() -> None:
        for _ in range(CALLS):
            assert await call() == ANSWER

    return calls


def _baml_py(base: str) -> Call:
    os.environ.setdefault("BAML_LOG", "off")  # else it prints every call
    import baml_py

    runtime = baml_py.BamlRuntime.from_files("baml_src", {"main.baml": SOURCE.replace("BASE", base)}, {})
    manager = runtime.create_context_manager()
    none = ModuleType("none")  # of types that the answer could be

    async def call() -> Any:
        found = await runtime.call_function("Ask", {"question": QUESTION}, manager, None, None, [], {}, None, None)
        return found.cast_to(none, none, none, False, runtime)

    return call


def _openai(base: str) -> Call:
    import openai

    client = openai.AsyncOpenAI(base_url=base, api_key="none")

    async def call() -> Any:
        asked: Any = [{"role": "user", "content": QUESTION}]
        answer = await client.chat.completions.create(model="loopback", messages=asked)
        return answer.choices[0].message.content

    return call


def _pydantic_ai(base: str) -> Call:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    agent = Agent(OpenAIChatModel("loopback", provider=OpenAIProvider(base_url=base, api_key="none")))

    async def call() -> Any:
        return (await agent.run(QUESTION)).output

    return call


PEERS: dict[str, Callable[[str], Call]] = {"baml_py": _baml_py, "openai": _openai, "pydantic_ai": _pydantic_ai}
