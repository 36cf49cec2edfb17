"""What is going on, redrawn in place on a terminal, and gone without a trace when something is printed."""

from __future__ import annotations

import asyncio
from typing import TextIO

from ..diagnostics.cells import cells, first_cells, visible
from ..embed.constraints import now_ms
from ..testing.outcome import Event, RunEnded, RunKey, RunStarted, Started, TestEnded
from ..testing.outcome import Progress as Arriving
from .terminal import CLEAR_BELOW, size

MS_BETWEEN_DRAWINGS = 100.0
ROWS_LEFT = 4  # of the terminal's, for what stands above


class Progress:
    """Hears the events of a run. Draws ten times a second at most, never wider than the terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = 0
        self._drawn_at = 0.0
        self._begun = now_ms()
        self._runs = 0
        self._counts = dict.fromkeys(("passed", "flaky", "failed", "errored"), 0)
        self._tokens = [0, 0]
        self._under_way: dict[RunKey, tuple[float, Arriving | None]] = {}

    def hear(self, event: Event) -> None:
        match event:
            case Started(runs=runs):
                self._runs = runs
            case RunStarted(key=key):
                self._under_way[key] = now_ms(), None
            case Arriving(key=key) if key in self._under_way:
                self._under_way[key] = self._under_way[key][0], event
            case RunEnded(result=run):
                self._under_way.pop(run.key, None)
                if run.usage is not None:
                    self._tokens[0] += run.usage.input_tokens
                    self._tokens[1] += run.usage.output_tokens
            case TestEnded(result=test) if test.status in self._counts:
                self._counts[test.status] += 1
            case _:
                self.clear()
                return
        self._draw_if_due()

    async def tick(self) -> None:
        """Draws also while nothing happens: what is waited for takes its time."""
        while True:
            await asyncio.sleep(MS_BETWEEN_DRAWINGS / 1000)
            if self._under_way:
                self._draw_if_due()

    def _draw_if_due(self) -> None:
        if now_ms() - self._drawn_at >= MS_BETWEEN_DRAWINGS:
            self._draw()

    def clear(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}F{CLEAR_BELOW}")
            self._stream.flush()
            self._drawn = 0

    def close(self) -> None:
        self.clear()

    def _draw(self) -> None:
        columns, lines = size(self._stream)
        self.clear()
        rows = [self._head(), *self._rows(max(1, lines - ROWS_LEFT))]
        # One cell stays free: a terminal may wrap behind a full line.
        self._stream.write("".join(f"{first_cells(visible(row), max(1, columns - 1))}\n" for row in rows))
        self._stream.flush()
        self._drawn = len(rows)
        self._drawn_at = now_ms()

    def _head(self) -> str:
        told = [f"running {len(self._under_way)} of {self._runs}"]
        told += [f"{count} {status}" for status, count in self._counts.items() if count]
        told.append(f"{(now_ms() - self._begun) / 1000:.1f} s")
        if any(self._tokens):
            told.append(f"{self._tokens[0]:,} in / {self._tokens[1]:,} out tokens")
        return " · ".join(told)

    def _rows(self, room: int) -> list[str]:
        shown = list(self._under_way.items())[: room - 1]
        rows = [self._row(key, *state) for key, state in shown]
        left = len(self._under_way) - len(shown)
        return [*rows, f"  … and {left} more"] if left else rows

    def _row(self, key: RunKey, begun: float, arriving: Arriving | None) -> str:
        name = first_cells(visible(key.case.id), 24)
        who = f"{key.client or ''} {key.number}".strip()
        what = "waiting for the first token"
        if arriving is not None:
            what = f"{arriving.characters:,} chars   {arriving.place}"
        return f"  {name}{' ' * (24 - cells(name))}  {who:<10}  {(now_ms() - begun) / 1000:>5.1f} s   {what}"
