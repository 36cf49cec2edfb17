"""A server of two processes whose providers fail at random, and whose readers come and go, for ten minutes."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.serving import RECEIPT, Command, command, events

SECONDS = float(os.environ.get("BAMLET_CHAOS_SECONDS", "600"))
READERS = 24
KEPT, GRACE = 15, 2  # seconds
GROWTH = 24 << 20  # bytes that a process may have more at the end than after the first fifth
FAULTS = ("any:0.2", "stall@50%:0.05")
ARGUMENTS = {"email": "x"}


class Chaos:
    def __init__(self, served: Command, chance: random.Random) -> None:
        self._served = served
        self._chance = chance
        self.ends: dict[str, int] = {}
        self.wrong: list[Any] = []

    async def reader(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        acts = (self.whole, self.left, self.stopped, self.called, self.resumed)
        # A connection for each request: one that is kept may be closed by the server just when it is used again.
        fresh = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(
            base_url=self._served.url, timeout=120, limits=fresh, trust_env=False
        ) as client:
            while loop.time() < until:
                await self._chance.choice(acts)(client)

    async def whole(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/stream/ExtractReceiptInfo?events=all", json=ARGUMENTS)
        if answer.status_code == 200:
            self.ended(answer.text)

    async def left(self, client: httpx.AsyncClient) -> None:
        await self._part(client)

    async def stopped(self, client: httpx.AsyncClient) -> None:
        if (run := await self._part(client)) is not None:
            await self.end(client, run)

    async def end(self, client: httpx.AsyncClient, run: str) -> None:
        answer = await client.delete(f"/runs/{run}")
        if answer.status_code not in (200, 202):
            self.wrong.append((run, answer.text))

    async def called(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/call/ExtractReceiptInfo", json=ARGUMENTS)
        self.count(str(answer.status_code))
        if answer.status_code == 500:
            self.wrong.append(answer.text)

    async def resumed(self, client: httpx.AsyncClient) -> None:
        """From the start, or behind it: what follows has no gap, and an end."""
        if (run := await self._part(client)) is None:
            return
        # Not behind the second event, which may be the last: then there is nothing more to come.
        answer = await client.get(f"/runs/{run}/events?events=all&after={self._chance.randrange(2)}")
        numbers = [seq for seq, kind, _ in events(answer.text) if seq is not None and kind != "partial"]
        if numbers != sorted(set(numbers)):
            self.wrong.append((run, numbers))
        self.ended(answer.text)

    async def _part(self, client: httpx.AsyncClient) -> str | None:
        """A stream of which so many bytes are read; its run."""
        wanted = self._chance.randrange(2000)
        async with client.stream("POST", "/stream/ExtractReceiptInfo?events=all", json=ARGUMENTS) as answer:
            if answer.status_code != 200:
                return None
            async for piece in answer.aiter_bytes():
                if (wanted := wanted - len(piece)) < 0:
                    break
            return answer.headers["bamlet-run-id"]

    def ended(self, text: str) -> None:
        kinds = [kind for _, kind, _ in events(text)]
        ends = [kind for kind in kinds if kind in ("final", "error")]
        if len(ends) != 1 or kinds[-1] != ends[0]:
            self.wrong.append(text[-500:])
            return
        data = events(text)[-1][2]
        self.count(data.get("error", "final"))
        if data.get("error") == "internal_error":
            self.wrong.append(data)

    def count(self, end: str) -> None:
        self.ends[end] = self.ends.get(end, 0) + 1


def memory(pid: int) -> dict[int, int]:
    """Bytes in memory of each process below one."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = {int(child): int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in below}
    return {child: count * os.sysconf("SC_PAGE_SIZE") for child, count in pages.items()}


def gauges(url: str) -> dict[str, int]:
    told = httpx.get(f"{url}/metrics", timeout=30, trust_env=False).text
    return {name: int(value) for name, value in re.findall(r"^bamlet_(\w+) (\d+)$", told, re.M)}


@pytest.mark.timeout(SECONDS + 300)
def test_s21_chaos_leaves_nothing_behind() -> None:
    options = [option for fault in FAULTS for option in ("--fault", fault)]
    limits = ("--keep", f"{KEPT}s", "--grace", f"{GRACE}s", "--max-seconds", "20s")
    with command("serve", str(RECEIPT), "--procs", "2", "--offline", *options, *limits, lines=3) as served:
        chaos = Chaos(served, random.Random(21))

        async def everything() -> dict[int, int]:
            loop = asyncio.get_running_loop()
            until = loop.time() + SECONDS
            readers = [asyncio.create_task(chaos.reader(until)) for _ in range(READERS)]
            await asyncio.sleep(SECONDS / 5)
            before = memory(served.process.pid)
            await asyncio.gather(*readers)
            # What readers have left is cancelled after its grace, and what has ended is kept for a while.
            await asyncio.sleep(GRACE + KEPT + 10)
            return before

        before = asyncio.run(everything())
        after = memory(served.process.pid)
        left = gauges(served.url)
        print(json.dumps({"ends": chaos.ends, "before": before, "after": after, "left": left}))
        assert chaos.wrong == []
        assert [left[name] for name in ("runs_active", "subscribers", "handles", "log_bytes")] == [0, 0, 0, 0]
        assert set(before) == set(after)
        assert all(after[pid] - before[pid] < GROWTH for pid in before)
        assert set(chaos.ends) > {"200", "final", "client_error"}
        assert served.stop() == 0
