"""One LLM call against a bare POST of such a body, by httpx and by aiohttp: the same server, a warm connection.

CPU time of this process: what other processes do at the same time hardly changes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from importlib.util import find_spec
from time import process_time
from typing import Any

import aiohttp
import httpx

import bamlet
from bamlet.wire.http import HttpTransport
from bamlet.wire.message import Request

from .loopback import ANSWER, server
from .measure import Row, loop_here, measure_async

ROUNDS = 9
CALLS = 50
BARS = {("h11", "bare httpx"): 0.65, ("httptools", "bare aiohttp"): 2.0}

SOURCE = """\
client<llm> Loopback {
  provider "openai-generic"
  options {
    base_url "BASE"
    api_key "none"
    model "loopback"
  }
}

function Ask(question: string) -> string {
  client Loopback
  prompt #"
    {{ _.role("user") }}
    {{ question }}
  "#
}
"""

QUESTION = "What is the shortest answer that you can give?"
BODY = json.dumps({"model": "loopback", "messages": [{"role": "user", "content": QUESTION}]}).encode()
HEADERS = {"content-type": "application/json", "authorization": "Bearer none"}


def rows() -> Iterator[Row]:
    with server() as url:
        yield from asyncio.run(_rows(f"{url}/call"))


async def _rows(base: str) -> list[Row]:
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("BASE", base)})
    engines: list[Any] = ["h11", *(["httptools"] if find_spec("httptools") else []), "httpx"]
    async with contextlib.AsyncExitStack() as opened:
        client = await opened.enter_async_context(httpx.AsyncClient())
        session = await opened.enter_async_context(aiohttp.ClientSession())
        works = {
            "bare httpx": lambda: _times(lambda: post(client, base)),
            "bare aiohttp": lambda: _times(lambda: _post_by_aiohttp(session, base)),
        }
        for engine in engines:
            options = bamlet.HttpOptions(engine=engine)
            runtime = await opened.enter_async_context(bamlet.AsyncRuntime(program, transport=options))
            transport = await opened.enter_async_context(contextlib.aclosing(HttpTransport(options)))
            works[f"{engine} alone"] = lambda transport=transport: _times(lambda: _exchange(transport, base))
            works[engine] = lambda runtime=runtime: _times(lambda: runtime.call("Ask", {"question": QUESTION}))
        found = await measure_async(works, ROUNDS, process_time)
        loop = loop_here()
    return [
        Row(
            f"{work} / {floor} POST, CPU, {loop}",
            found[name].per(CALLS),
            found[floor].per(CALLS),
            most_ratio=BARS.get((name, floor)),
        )
        for engine in engines
        for work, name in (
            (f"one LLM call, {engine}", engine),
            (f"its exchange alone, {engine}", f"{engine} alone"),
        )
        for floor in ("bare httpx", "bare aiohttp")
    ]


async def _times(ask: Callable[[], Awaitable[str]]) -> None:
    for _ in range(CALLS):
        assert await ask() == ANSWER


async def _exchange(transport: HttpTransport, base: str) -> str:
    request = Request("POST", f"{base}/chat/completions", tuple(HEADERS.items()), BODY)
    response = await transport.open(request, connect_timeout=10)
    content: str = json.loads(b"".join([chunk async for chunk in response.chunks()]))["choices"][0]["message"][
        "content"
    ]
    await response.aclose()
    return content


async def _post_by_aiohttp(session: aiohttp.ClientSession, base: str) -> str:
    async with session.post(f"{base}/chat/completions", data=BODY, headers=HEADERS) as response:
        content: str = json.loads(await response.read())["choices"][0]["message"]["content"]
    return content


async def post(client: httpx.AsyncClient, base: str) -> str:
    response = await client.post(f"{base}/chat/completions", content=BODY, headers=HEADERS)
    content: str = json.loads(response.content)["choices"][0]["message"]["content"]
    return content
