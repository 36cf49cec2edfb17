"""Runs of `bamlet map` in this process, over rows of a folder, against a server that counts by rows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bamlet
from bamlet.batch.options import MapOptions
from bamlet.batch.report import MapReport, Progress
from bamlet.batch.run import run_map
from bamlet.batch.session import Hooks
from bamlet.batch.setting import Setting
from tests.servers.batches import BatchServer
from tests.servers.rows import Behaviour, Counts, RowServer
from tests.support.canary import KEY

SOURCE = """
class Label {
  label string
  score int
}

client<llm> Rows {
  provider openai-generic
  OPTIONS
}

function Classify(text: string) -> Label {
  client Rows
  prompt #"{{ text }} {{ ctx.output_format }}"#
}

function Measure(number: int, ratio: float?, mood: Mood) -> string {
  client Rows
  prompt #"row:{{ number }} {{ ratio }} {{ mood }}"#
}

enum Mood {
  Happy
  Sad
}
"""
OPTIONS = """retry_policy Once
  options { model rows, base_url env.BASE_URL, api_key env.ROWS_KEY MORE }"""
RETRY = "retry_policy Once { max_retries 1, strategy { type constant_delay, delay_ms 1 } }\n"
DEADLINE = 30.0


def source(more: str = "") -> str:
    return RETRY + SOURCE.replace("OPTIONS", OPTIONS.replace("MORE", f", {more}" if more else ""))


def texts(names: Iterable[object]) -> list[dict[str, Any]]:
    return [{"text": f"row:{name}", "n": number} for number, name in enumerate(names)]


async def nobody_meddles(server: RowServer) -> None:
    """What goes on beside a run: nothing."""


@dataclass
class Table:
    """A folder with rows in it, and the server that answers them."""

    folder: Path
    behaviour: Behaviour = field(default_factory=lambda: Behaviour(latency=1))
    counts: Counts = field(default_factory=Counts)
    batches: BatchServer | None = None
    said: list[str] = field(default_factory=list)
    deadline: float = DEADLINE
    on_progress: Callable[[Progress], object] | None = None
    meddle: Callable[[RowServer], Coroutine[Any, Any, None]] = nobody_meddles

    def write(self, rows: Iterable[Mapping[str, Any]], name: str = "in.jsonl") -> Path:
        path = self.folder / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return path

    def run(
        self, *, program: str | None = None, function: str = "Classify", key: str = KEY, **options: Any
    ) -> MapReport:
        """One run with a count of its own."""
        given = {"input": str(self.folder / "in.jsonl"), "output": str(self.folder / "out.jsonl"), **options}
        return asyncio.run(self._run(program or source(), function, key, MapOptions(**given)))

    async def _run(self, program: str, function: str, key: str, options: MapOptions) -> MapReport:
        server = RowServer(self.behaviour)
        self.counts = server.counts
        # What a provider has outlives a run of ours.
        self.batches = server.batches = self.batches or server.batches
        async with await server.serve(0) as listening:
            port = listening.sockets[0].getsockname()[1]
            environ = {"BASE_URL": f"http://127.0.0.1:{port}", "ROWS_KEY": key}
            compiled = bamlet.compile_sources({"map.baml": program})
            setting = Setting(program=compiled, environ=environ)
            meddling = asyncio.create_task(self.meddle(server))
            try:
                # Entered before: it may have to compile the library first.
                async with setting.runtime() as runtime, asyncio.timeout(self.deadline):
                    hooks = Hooks(on_progress=self.on_progress, say=self.said.append)
                    return await run_map(runtime, function, options, hooks, environ, setting)
            finally:
                meddling.cancel()

    @property
    def calls(self) -> int:
        return self.counts.asked.total()

    def output(self, name: str = "out.jsonl") -> list[Any]:
        return [json.loads(line) for line in (self.folder / name).read_text("utf-8").splitlines()]

    def errors(self) -> list[Any]:
        path = self.folder / "out.errors.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
