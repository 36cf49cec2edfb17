"""A model that answers rows: OpenAI's chat interface on 127.0.0.1, with latency, refusals and failures on purpose.

    python -m tests.servers.rows PORT --latency 100

Each prompt holds `row:NAME`; the answer names it again. `GET /counts` tells how often each row was asked and was
answered, `GET /asked/N` and `GET /answered/N` the same once there are so many. It is a process of its own, so that
what it counts outlives whoever is killed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.servers.batches import BatchServer

ROW = re.compile(r"row:([\w.-]+)")
AFTER = re.compile(r"GET /(asked|answered)/(\d+) ")
SPREAD = 0.3  # of the latency, to both sides
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


@dataclass(slots=True)
class Behaviour:
    """Latency in milliseconds; `cap` refuses what is above it; `fail` is the part of rows that get `status`.
    `batch` is whose batch interface there is, too: `openai` or `anthropic`; `answer` is what is said to all."""

    latency: float = 100.0
    cap: int | None = None
    fail: float = 0.0
    status: int = 400
    key: str | None = None
    batch: str | None = None
    answer: str | None = None


@dataclass(slots=True)
class Counts:
    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    under_way: int = 0
    most_under_way: int = 0

    def told(self) -> dict[str, Any]:
        return {
            "asked": dict(self.asked),
            "answered": dict(self.answered),
            "refused": self.refused,
            "most_under_way": self.most_under_way,
        }


class RowServer:
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.counts = Counts()
        self.batches = BatchServer(behaviour.batch, part_of, self._said) if behaviour.batch else None
        self._changed = asyncio.Condition()

    async def serve(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._connection, "127.0.0.1", port, backlog=2048)

    async def until(self, what: str, count: int) -> None:
        """So many rows were asked, or answered."""
        async with self._changed:
            await self._changed.wait_for(lambda: getattr(self.counts, what).total() >= count)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                status, answer = await self._answer(head, body)
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                first = f"HTTP/1.1 {status} Row\r\ncontent-type: application/json\r\n"
                if self.batches is not None:
                    first += "retry-after: 0.01\r\n"
                writer.write(f"{first}content-length: {len(data)}\r\n\r\n".encode() + data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone, or was killed
        finally:
            writer.close()

    async def _answer(self, head: str, body: bytes) -> tuple[int, Any]:
        method, url, _ = head.split(" ", 2)
        if self.batches is not None and self.batches.handles(method, url):
            return self.batches.handle(method, url, body)
        if method == "GET":
            if (after := AFTER.match(head)) is not None:
                await self.until(after[1], int(after[2]))
            return 200, self.counts.told()
        found = ROW.search(body.decode())
        row = found[1] if found else "?"
        counts, behaviour = self.counts, self.behaviour
        counts.asked[row] += 1
        async with self._changed:
            self._changed.notify_all()
        if behaviour.key is not None and f"Bearer {behaviour.key}" not in head:
            return 401, {"error": {"message": "wrong key"}}
        if behaviour.cap is not None and counts.under_way >= behaviour.cap:
            counts.refused += 1
            return 429, {"error": {"message": "too many"}}
        counts.under_way += 1
        counts.most_under_way = max(counts.most_under_way, counts.under_way)
        try:
            await asyncio.sleep(behaviour.latency / 1000 * (1 - SPREAD + 2 * SPREAD * part_of(row)))
        finally:
            counts.under_way -= 1
        if part_of(f"{row} fails") < behaviour.fail:
            return behaviour.status, {"error": {"message": f"row {row} is refused"}}
        counts.answered[row] += 1
        async with self._changed:
            self._changed.notify_all()
        return 200, self._said(body.decode())

    def _said(self, request: str) -> dict[str, Any]:
        """The answer to a request's body, as the interface that is played writes it."""
        found = ROW.search(request)
        row = found[1] if found else "?"
        text = self.behaviour.answer or json.dumps({"label": row, "score": len(row)})
        if self.behaviour.batch == "anthropic":
            usage = {"input_tokens": USAGE["prompt_tokens"], "output_tokens": USAGE["completion_tokens"]}
            message = {"id": "m", "type": "message", "role": "assistant", "model": "rows", "usage": usage}
            return {**message, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}
        said = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": said, "finish_reason": "stop"}]
        return {"id": "r", "object": "chat.completion", "model": "rows", "choices": choices, "usage": USAGE}


def part_of(text: str) -> float:
    """Between 0 and 1, the same for the same text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) / 2**32


async def run(port: int, behaviour: Behaviour) -> None:
    server = await RowServer(behaviour).serve(port)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--latency", type=float, default=100.0)
    parser.add_argument("--cap", type=int)
    parser.add_argument("--fail", type=float, default=0.0)
    parser.add_argument("--status", type=int, default=400)
    parser.add_argument("--key")
    parser.add_argument("--batch", choices=("openai", "anthropic"))
    given = parser.parse_args()
    behaviour = Behaviour(given.latency, given.cap, given.fail, given.status, given.key, given.batch)
    asyncio.run(run(given.port, behaviour))


if __name__ == "__main__":
    main()
