"""`bamlet serve` under many readers: what idle streams hold, how late events come, what readers that stand cost.

Provider and readers are one process with one clock, the server two others. Run it by `make bench-serve`.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from .loopback import STREAM_HEAD, allow_sockets

IDLE = 500
LIVE, EVENTS, PACE = 200, 200, 0.1
STANDING = 100
CALLS = 400

SOURCE = """
client<llm> Local {
  provider openai-generic
  options {
    base_url env.BASE_URL
    model "m"
    http {
      idle_timeout_ms 0
      request_timeout_ms 0
      total_timeout_ms 0
    }
  }
}

function Say(text: string) -> string {
  client Local
  prompt #"{{ text }}"#
}

function Double(n: int) -> int { n * 2 }
"""


def chunk(text: str) -> bytes:
    event = b"data: %b\n\n" % json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


async def provide(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What the prompt says: `live` writes the time again and again, `much` fast and long, anything else once."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
        )
        body = await reader.readexactly(length)
        writer.write(STREAM_HEAD + chunk("begun "))
        if b'"live"' in body:
            for _ in range(EVENTS):
                await asyncio.sleep(PACE)
                writer.write(chunk(f"{monotonic():.6f} "))
        elif b'"much"' in body:
            for _ in range(2000):
                writer.write(chunk("x" * 200))
                await writer.drain()
        else:
            await reader.read()
        finish = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(finish), finish))
        await reader.read()
    except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass  # whoever asked has left, or the measuring is over
    finally:
        writer.close()


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Served:
    process: subprocess.Popen[str]
    port: int
    ready: float

    def memory(self) -> int:
        """Of the processes that serve, in bytes."""
        pid = self.process.pid
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() or [str(pid)]
        return sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in below) * os.sysconf(
            "SC_PAGE_SIZE"
        )

    async def connect(self, request: bytes) -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        return reader, writer

    async def stream(self, text: str) -> Connection:
        reader, writer = await self.connect(post("/stream/Say?events=start,delta", json.dumps({"text": text})))
        await reader.readuntil(b"event: start")
        return reader, writer


def post(path: str, body: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: localhost:80\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n{body}".encode()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: localhost:80\r\n\r\n".encode()


@contextmanager
def serving(provider: str, *more: str) -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.baml").write_text(SOURCE)
        began = monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "bamlet", "serve", folder, "--port", "0", "--max-runs", "2000",
             "--allow-host", "localhost", *more],
            stderr=subprocess.PIPE, text=True, env={**os.environ, "BASE_URL": provider},
        )  # fmt: skip
        assert process.stderr is not None
        try:
            first = process.stderr.readline()
            yield Served(process, int(first.rpartition(":")[2]), monotonic() - began)
        finally:
            process.terminate()
            process.wait()
            process.stderr.close()


@asynccontextmanager
async def provider() -> AsyncIterator[str]:
    server = await asyncio.start_server(provide, "127.0.0.1", 0, backlog=2048)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def idle(served: Served) -> str:
    """After as many have come and gone, so that what is kept for later is not counted."""
    for _ in range(2):
        before = served.memory()
        held = [await served.stream("idle") for _ in range(IDLE)]
        each = (served.memory() - before) / IDLE
        for _, writer in held:
            writer.close()
        await asyncio.sleep(1)
    return f"{IDLE} idle streams: {each / 1000:.0f} kB each, the run and its provider's socket included"


async def live(served: Served) -> str:
    delays: list[float] = []
    whole = 0

    async def read() -> bool:
        reader, writer = await served.stream("live")
        count = 0
        async for line in reader:
            if line.startswith(b"event: final"):
                break
            if line.startswith(b'data: {"text":"') and b"begun" not in line:
                # What came together is told together; the last of it is the newest.
                times = line[15:].split(b'"')[0].split()
                count += len(times)
                now = monotonic()
                delays.extend(now - float(time) for time in times)
        writer.close()
        return count == EVENTS

    whole = sum(await asyncio.gather(*(read() for _ in range(LIVE))))
    cuts = statistics.quantiles(delays, n=100)
    return (
        f"{LIVE} live streams of {EVENTS} events, one each {PACE * 1000:.0f} ms: {whole} whole, "
        f"delay {cuts[49] * 1000:.1f} ms, at most {cuts[98] * 1000:.1f} ms of 99 in 100"
    )


async def standing(served: Served) -> str:
    """Of one run of 400 kB, which they ask for and do not take; one that reads is not held up."""
    reader, writer = await served.stream("much")
    run = (await reader.readuntil(b'","function"')).rpartition(b'"run":"')[2].partition(b'"')[0].decode()
    await to_the_end(reader)
    before = served.memory()
    began = monotonic()
    held = [await served.connect(get(f"/runs/{run}/events?events=all")) for _ in range(STANDING + 1)]
    await to_the_end(held[-1][0])
    took = monotonic() - began
    await asyncio.sleep(1)
    grown = served.memory() - before
    for _, other in [*held, (reader, writer)]:
        other.close()
    told = f"{STANDING} readers that stand still: {grown / 1e6:.0f} MB"
    return f"{told}; one that came with them has read all in {took:.2f} s"


async def to_the_end(reader: asyncio.StreamReader) -> None:
    """A line may be longer than the reader's limit."""
    last = b""
    while b"event: final" not in last:
        piece = await reader.read(1 << 16)
        assert piece
        last = last[-20:] + piece


async def calls(served: Served) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    took = []
    for _ in range(CALLS):
        began = monotonic()
        writer.write(post("/call/Double", '{"n":2}'))
        await reader.readuntil(b"\r\n\r\n4")
        took.append(monotonic() - began)
    writer.close()
    return f"a call of a function that asks no model: {statistics.median(took) * 1000:.2f} ms"


async def main() -> None:
    async with provider() as url:
        with serving(url) as served:
            print(f"start to ready: {served.ready * 1000:.0f} ms", flush=True)
            print(await calls(served), flush=True)
            print(await idle(served), flush=True)
            print(await standing(served), flush=True)
        with serving(url, "--procs", "2") as served:
            print(await live(served), flush=True)


if __name__ == "__main__":
    allow_sockets()
    asyncio.run(main())
