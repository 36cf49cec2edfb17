"""One LLM call against a bare httpx POST of such a body: the same server, the same engine, a warm connection."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import httpx

import bamlet

from .loopback import ANSWER, server
from .measure import Row, measure_async

ROUNDS = 9
CALLS = 50

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
        yield asyncio.run(_row(f"{url}/call", "httpx", None))
        if find_spec("aiohttp"):
            yield asyncio.run(_row(f"{url}/call", "aiohttp", _over_aiohttp()))


def _over_aiohttp() -> httpx.AsyncBaseTransport:
    from bamlet.wire.over_aiohttp import AiohttpTransport

    tls = ssl.create_default_context
    return AiohttpTransport(idle_seconds=30, max_field_bytes=65536, proxy=None, tls=tls)


async def _row(base: str, engine: Any, transport: httpx.AsyncBaseTransport | None) -> Row:
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("BASE", base)})
    options = bamlet.HttpOptions(engine=engine)
    async with (
        bamlet.AsyncRuntime(program, transport=options) as runtime,
        httpx.AsyncClient(transport=transport) as client,
    ):

        async def calls() -> None:
            for _ in range(CALLS):
                assert await runtime.call("Ask", {"question": QUESTION}) == ANSWER

        async def posts() -> None:
            for _ in range(CALLS):
                assert await post(client, base) == ANSWER

        timings = await measure_async({"bamlet": calls, "httpx": posts}, ROUNDS)
    ours, floor = timings["bamlet"].per(CALLS), timings["httpx"].per(CALLS)
    return Row(f"one LLM call / httpx POST, {engine}", ours, floor, most_ratio=1.3)


async def post(client: httpx.AsyncClient, base: str) -> str:
    response = await client.post(f"{base}/chat/completions", content=BODY, headers=HEADERS)
    content: str = json.loads(response.content)["choices"][0]["message"]["content"]
    return content
