"""A server of ours over a real socket: in the loop of a test, or as the command that users start."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bamlet.server.process import bound, serve
from bamlet.server.service import Service

ROOT = Path(__file__).parents[2]
RECEIPT = ROOT / "examples" / "receipt"
CASSETTE = RECEIPT / "receipt.cassette.jsonl"


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Until the block ends; then as the first signal does."""
    listening = bound("127.0.0.1", 0)
    ready = asyncio.Event()
    served = asyncio.create_task(serve(service, [listening], ready.set))
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait((served, waiting), return_when=asyncio.FIRST_COMPLETED)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
            yield client
    finally:
        if not served.done():
            os.kill(os.getpid(), signal.SIGTERM)
        await served


@dataclass(frozen=True)
class Command:
    process: subprocess.Popen[str]
    url: str
    told: list[str]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def command(
    *arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None, lines: int = 2
) -> Iterator[Command]:
    """`bamlet serve`, ready; it is gone when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bamlet", *arguments, "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd or ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
    )
    assert process.stderr is not None
    try:
        told = [process.stderr.readline() for _ in range(lines)]
        yield Command(process, told[0].rpartition(" ")[2].strip(), told)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def events(text: str) -> list[tuple[int | None, str | None, Any]]:
    """Id, kind and data of each event."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            seq = int(fields["id"]) if "id" in fields else None
            found.append((seq, fields.get("event"), json.loads(fields["data"])))
    return found
