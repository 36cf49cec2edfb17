"""Two hundred streams at once: CPU of the process for each, against asyncio streams, a split and json by hand.

Both a burst and a model's pace, over each engine that is installed. Then what two thousand waiting streams hold.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

import bamlet

from .loopback import allow_sockets, server
from .measure import Row, Timing, loop_here

STREAMS = 200
CHUNKS = 200
PACE_MS = 20
IDLE_STREAMS = 2000
MOST_IDLE_BYTES = 24_000
# Of the floor: all at once, and at a model's pace, where most of the time is the loop's own.
BARS = {("h11", False): 3.0, ("h11", True): 2.0, ("httptools", False): 1.8, ("httptools", True): 1.6}
ROUNDS = 3

SOURCE = """\
client<llm> Loopback {
  provider "openai-generic"
  options {
    base_url "BASE"
    api_key "none"
    model "loopback"
  }
}

function Say(text: string) -> string {
  client Loopback
  prompt #"
    {{ text }}
  "#
}
"""

BODY = b'{"model":"loopback","stream":true,"messages":[{"role":"user","content":"Say."}]}'


def rows() -> Iterator[Row]:
    engines = ["h11", *(["httptools"] if find_spec("httptools") else [])]
    with server() as url:
        for name, pace in (("at once", 0), (f"{PACE_MS} ms apart", PACE_MS)):
            base = f"{url}/chunks/{CHUNKS}/{pace}"
            floor = asyncio.run(_cpu(lambda base=base: _by_hand(base)))
            for engine in engines:
                ours, loop = asyncio.run(_streams(base, engine))
                work = f"CPU of 1 of {STREAMS} streams, {name}, {engine}, {loop}"
                yield Row(work, ours, floor, most_ratio=BARS[engine, pace > 0])
        for engine in engines:
            yield _idle(f"{url}/chunks/1/600000", engine)


async def _streams(base: str, engine: Any) -> tuple[Timing, str]:
    """And on which loop."""
    async with _runtime(base, engine) as runtime:

        async def one() -> None:
            count = 0
            stream = runtime.stream("Say", {"text": "x"}, partials="every")
            async for _ in stream:
                count += 1
            assert count == CHUNKS, count

        return await _cpu(one), loop_here()


def _runtime(base: str, engine: Any) -> bamlet.AsyncRuntime:
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("BASE", base)})
    return bamlet.AsyncRuntime(program, transport=bamlet.HttpOptions(engine=engine))


async def _cpu(one: Callable[[], Awaitable[None]]) -> Timing:
    """CPU of this process for one of the streams that run together, in rounds after one for nothing."""
    seconds = []
    for turn in range(ROUNDS + 1):
        started = process_time()
        await asyncio.gather(*(one() for _ in range(STREAMS)))
        if turn:
            seconds.append((process_time() - started) / STREAMS)
    return Timing(tuple(seconds))


async def _by_hand(base: str) -> None:
    """The leanest floor: a chunked body from an asyncio stream, cut at blank lines, the JSON of each event."""
    address = re.fullmatch(r"http://([^:]+):(\d+)(.*)", base)
    assert address is not None
    host, port, path = address.groups()
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path}/chat/completions HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(BODY)}\r\n\r\n"
    writer.write(head.encode() + BODY)
    await reader.readuntil(b"\r\n\r\n")
    text, rest, count = "", b"", 0
    while size := int(await reader.readline(), 16):
        chunk = await reader.readexactly(size + 2)
        *events, rest = (rest + chunk[:-2]).split(b"\n\n")
        for event in events:
            if event != b"data: [DONE]" and (new := json.loads(event[6:])["choices"][0]["delta"].get("content")):
                text += new
                count += 1
    assert count == CHUNKS, count
    writer.close()


def _idle(base: str, engine: str) -> Row:
    """In a process of its own: what another run has freed would hide what this one takes."""
    command = [sys.executable, "-m", "benchmarks.many", base, engine, str(IDLE_STREAMS)]
    held, threads = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    verdict = "" if held <= MOST_IDLE_BYTES else " MISSED"
    return Row(
        f"memory of 1 of {IDLE_STREAMS:,} waiting streams, {engine}",
        None,
        note=f"{held / 1000:.1f} kB, bar {MOST_IDLE_BYTES // 1000} kB{verdict}; {threads} more threads",
    )


async def _held(base: str, engine: Any, count: int) -> tuple[float, int]:
    """Bytes that a stream holds while its model thinks, and by how many threads the process has grown."""
    async with _runtime(base, engine) as runtime:
        streams = [runtime.stream("Say", {"text": "x"}) for _ in range(count + 1)]
        events = [aiter(stream) for stream in streams]
        await anext(events[0])  # everything that the first brings is there now
        gc.collect()
        before, threads = _resident(), threading.active_count()
        for event in events[1:]:
            await anext(event)
        gc.collect()
        found = (_resident() - before) / count, threading.active_count() - threads
        for stream in streams:
            await stream.aclose()
    return found


def _resident() -> int:
    """Linux only: what the kernel says, so that C extensions count too."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    allow_sockets()
    print(json.dumps(asyncio.run(_held(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
