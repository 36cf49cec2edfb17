"""A streamed list of class values against its floor: httpx read, SSE split, json of each event, one final json."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from time import process_time
from typing import Any

import httpx

import bamlet

from .loopback import server
from .measure import Row, Timing, measure_async

ROUNDS = 5
SIZES = (100, 200, 400)
JUDGED = 400  # items, of which there is a bar
MOST_RATIO = 1.7
MOST_GROWTH = 2.3

SOURCE = """\
class Item {
  name string
  quantity int
  price float
  note string
}

CLIENTS
"""

PER_SIZE = """\
client<llm> Loopback{n} {{
  provider "openai-generic"
  options {{
    base_url "{url}/items/{n}"
    api_key "none"
    model "loopback"
  }}
}}

function List{n}(text: string) -> Item[] {{
  client Loopback{n}
  prompt #"
    {{{{ _.role("user") }}}}
    List the items. {{{{ text }}}}
    {{{{ ctx.output_format }}}}
  "#
}}
"""

BODY = b'{"model":"loopback","stream":true,"messages":[{"role":"user","content":"List the items."}]}'
HEADERS = {"content-type": "application/json", "authorization": "Bearer none"}


def rows() -> Iterator[Row]:
    with server() as url:
        yield from asyncio.run(_rows(url))


async def _rows(url: str) -> list[Row]:
    functions = "\n".join(PER_SIZE.format(n=n, url=url) for n in SIZES)
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("CLIENTS", functions)})
    rows: list[Row] = []
    every: dict[int, Timing] = {}
    async with bamlet.AsyncRuntime(program) as runtime, httpx.AsyncClient() as client:
        for n in SIZES:
            partials = {"every": await _count(runtime, n, "every"), "default": await _count(runtime, n, "default")}
            timings = await measure_async(
                {
                    "every": lambda n=n: _count(runtime, n, "every"),
                    "default": lambda n=n: _count(runtime, n, "default"),
                    "floor": lambda n=n: read_list(client, f"{url}/items/{n}"),
                },
                ROUNDS,
                process_time,
            )
            every[n] = timings["every"]
            for which in ("every", "default"):
                rows.append(
                    Row(
                        f"stream, {n} items, {which} partial / bare httpx, CPU",
                        timings[which],
                        timings["floor"],
                        most_ratio=MOST_RATIO if n == JUDGED else None,
                        note=f"{partials[which]:,} partials",
                    )
                )
    rows += [
        Row(f"stream, {n} items / {n // 2} items, CPU", every[n], every[n // 2], most_ratio=MOST_GROWTH)
        for n in SIZES[1:]
    ]
    return rows


async def _count(runtime: bamlet.AsyncRuntime, n: int, partials: str) -> int:
    """Stream the whole list; the number of partials that were shown."""
    options = {"partials": "every"} if partials == "every" else {}
    stream = runtime.stream(f"List{n}", {"text": ""}, **options)
    count = 0
    async for _ in stream:
        count += 1
    assert len(await stream.final()) == n
    return count


async def read_list(client: httpx.AsyncClient, base: str) -> list[Any]:
    """The floor: what nobody who streams JSON through httpx can save."""
    text = "".join([piece async for piece in _pieces(client, base)])
    found: list[Any] = json.loads(text)
    return found


async def _pieces(client: httpx.AsyncClient, base: str) -> AsyncIterator[str]:
    rest = b""
    async with client.stream("POST", f"{base}/chat/completions", content=BODY, headers=HEADERS) as response:
        async for chunk in response.aiter_bytes():
            *events, rest = (rest + chunk).split(b"\n\n")
            for event in events:
                if event != b"data: [DONE]":
                    yield json.loads(event[6:])["choices"][0]["delta"].get("content", "")
