"""Counts of a run while it goes on, and what follows from them: rates, money at the end, time that is left."""

from __future__ import annotations

from collections import deque

from .engines import OK, Done
from .report import Progress

RATE_SECONDS = 30.0


class Meter:
    """`rows` are those of the input, `known` had an end before, `to_ask` are distinct."""

    def __init__(self, rows: int, known: int, to_ask: int, now: float, rpm: float | None) -> None:
        self.rows, self.known, self.to_ask = rows, known, to_ask
        self.began = now
        self.called = self.ok = self.failed = 0
        self.input_tokens = self.output_tokens = 0
        self.cost: float | None = None
        self._rpm = rpm
        self._marks: deque[tuple[float, int, int]] = deque([(now, 0, 0)])

    def ended(self, done: Done) -> None:
        self.called += 1
        self.ok += done.status == OK
        self.failed += done.status != OK
        self.input_tokens += done.input_tokens or 0
        self.output_tokens += done.output_tokens or 0
        if done.cost is not None:
            self.cost = (self.cost or 0.0) + done.cost

    def look(self, now: float, in_flight: int, limit: int) -> Progress:
        tokens = self.input_tokens + self.output_tokens
        self._marks.append((now, self.called, tokens))
        while len(self._marks) > 2 and self._marks[0][0] < now - RATE_SECONDS:
            self._marks.popleft()
        then, called, before = self._marks[0]
        seconds = max(now - then, 1e-9)
        rate = (self.called - called) / seconds
        return Progress(
            t=now - self.began,
            rows=self.rows,
            ok=self.ok,
            failed=self.failed,
            known=self.known,
            in_flight=in_flight,
            limit=limit,
            rows_per_s=rate,
            tokens_per_min=(tokens - before) / seconds * 60,
            cost=self.cost,
            cost_at_end=self._at_end(),
            eta_s=self._left(rate),
        )

    def _at_end(self) -> float | None:
        return self.cost / self.called * self.to_ask if self.cost is not None and self.called else None

    def _left(self, rate: float) -> float | None:
        slower = min(rate, self._rpm / 60) if self._rpm else rate
        return (self.to_ask - self.called) / slower if slower > 0 else None
