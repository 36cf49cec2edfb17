"""Rows as a person asks them who binds nothing, remembers nothing and cannot go on: the floor of `bamlet map`.

`python -m benchmarks.mapping_by_hand BASE LOOP PLACES SOURCE TARGET` is a whole run of it. LOOP is `asyncio` or
`uvloop`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import aiohttp

FORMAT = "Answer in JSON using this schema:\n{\n  label: string,\n  score: int,\n}"
_compact = partial(json.dumps, separators=(",", ":"))  # as the body is written by us: the bytes are the same


def by_hand(base: str, loop: str, places: int) -> Callable[[Path, Path], None]:
    def run(source: Path, target: Path) -> None:
        with asyncio.Runner(loop_factory=_factory(loop)) as runner, source.open(encoding="utf-8") as lines:
            found = runner.run(_asked(base, lines, places))
        target.write_text("".join(found), "utf-8")

    return run


async def _asked(base: str, lines: Iterable[str], places: int) -> list[str]:
    free = asyncio.Semaphore(places)

    async def one(line: str) -> str:
        prompt = f"{json.loads(line)['text']}\n{FORMAT}"
        body = {"model": "loopback", "messages": [{"role": "system", "content": prompt}]}
        async with free, session.post(f"{base}/chat/completions", json=body, headers=headers) as answer:
            answer.raise_for_status()
            found = await answer.json()
        value = json.loads(found["choices"][0]["message"]["content"])
        return json.dumps({"result": {"label": value["label"], "score": value["score"]}}) + "\n"

    headers = {"authorization": "Bearer none"}
    connector = aiohttp.TCPConnector(limit=places)
    async with aiohttp.ClientSession(connector=connector, json_serialize=_compact) as session:
        return await asyncio.gather(*(one(line) for line in lines))


def _factory(loop: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if loop == "asyncio":
        return asyncio.new_event_loop
    import uvloop  # not everywhere

    return uvloop.new_event_loop


if __name__ == "__main__":
    base, loop, places, *paths = sys.argv[1:]
    by_hand(base, loop, int(places))(*map(Path, paths))
