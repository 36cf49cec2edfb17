"""An OpenAI-like server on 127.0.0.1, in a process of its own, that gives canned answers as fast as it can.

`/call/chat/completions` answers with one short text; `/items/N/chat/completions` streams a JSON list of N
items, four characters a chunk; `/chunks/N/MS/chat/completions` streams N words, MS milliseconds apart;
`/label/MS/chat/completions` answers with a small JSON object after MS milliseconds; `/received` tells how many
bytes of bodies came so far.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import resource
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

ANSWER = "A short answer, as a model would give it."
LABEL = '{"label": "Delivery", "score": 4}'
CHUNK = 4
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a fresh server, for as long as the block runs."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.loopback"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def received(url: str) -> int:
    """How many bytes of bodies that server was sent."""
    with urllib.request.urlopen(f"{url}/received") as answer:
        return int(answer.read())


def items(count: int) -> list[dict[str, Any]]:
    names = ("oat milk", "rye bread", "blood oranges", "goat cheese", "olive oil")
    return [
        {
            "name": f"{names[n % len(names)]} {n}",
            "quantity": n % 9 + 1,
            "price": round(1.25 + n % 40 * 0.85, 2),
            "note": "picked up on the way home, no bag needed",
        }
        for n in range(count)
    ]


@cache
def answer(path: str) -> bytes:
    if match := re.fullmatch(r"/items/(\d+)/chat/completions", path):
        text = json.dumps(items(int(match[1])))
        deltas = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
        events = [_event({"content": delta}) for delta in deltas]
        body = b"".join(map(_framed, [*events, _event({}, "stop"), b"data: [DONE]\n\n", b""]))
        return STREAM_HEAD + body
    message = {"role": "assistant", "content": LABEL if path.startswith("/label/") else ANSWER}
    body = _json(
        id="chatcmpl-1",
        object="chat.completion",
        created=1,
        model="loopback",
        choices=[{"index": 0, "message": message, "finish_reason": "stop"}],
        usage={"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30},
    )
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def _event(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return (
        b"data: "
        + _json(id="chatcmpl-1", object="chat.completion.chunk", created=1, model="loopback", choices=[choice])
        + b"\n\n"
    )


def _json(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _framed(chunk: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)


_bytes = Counter[str]()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            if length := re.search(rb"(?i)\r\ncontent-length: *(\d+)", head):
                _bytes["received"] += len(await reader.readexactly(int(length[1])))
            if path == "/received":
                told = b"%d" % _bytes["received"]
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(told), told))
                await writer.drain()
                continue
            if paced := re.fullmatch(r"/chunks/(\d+)/(\d+)/chat/completions", path):
                await _words(writer, int(paced[1]), int(paced[2]) / 1000)
            else:
                if late := re.match(r"/label/(\d+)/", path):
                    await asyncio.sleep(int(late[1]) / 1000)
                writer.write(answer(path))
            await writer.drain()
    writer.close()


def allow_sockets() -> None:
    """Two thousand streams are more files than a process may have by default."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, most), most))


async def _words(writer: asyncio.StreamWriter, count: int, pause: float) -> None:
    writer.write(STREAM_HEAD)
    word = _framed(_event({"content": "word "}))
    if pause:
        for _ in range(count):
            writer.write(word)
            await asyncio.sleep(pause)
    else:
        writer.write(word * count)
    writer.write(b"".join(map(_framed, [_event({}, "stop"), b"data: [DONE]\n\n", b""])))


async def _main() -> None:
    allow_sockets()
    listening = await asyncio.start_server(_serve, "127.0.0.1", 0, backlog=4096)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
