"""What a server counts, as text for Prometheus. Labels are names that the program declares, so there are few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..records import dataclass, field
from .runs import Desk, Run

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


@dataclass
class Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    sum: float = 0.0

    def see(self, seconds: float) -> None:
        at = next((at for at, limit in enumerate(SECONDS) if seconds <= limit), len(SECONDS))
        self.counts[at] += 1
        self.sum += seconds

    def lines(self, name: str) -> Iterator[str]:
        below = 0
        for limit, count in zip((*SECONDS, "+Inf"), self.counts, strict=True):
            below += count
            yield f'{name}_bucket{{le="{limit}"}} {below}'
        yield f"{name}_sum {self.sum:.6f}"
        yield f"{name}_count {below}"


class Metrics:
    def __init__(self) -> None:
        self.runs: Counter[tuple[str, str]] = Counter()
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.tokens: Counter[tuple[str, str]] = Counter()
        self.resumes: Counter[str] = Counter()
        self.unauthorized = self.dropped = self.subscribers = 0
        self.run_seconds = Histogram()
        self.first_token_seconds = Histogram()

    @contextmanager
    def subscriber(self) -> Iterator[None]:
        self.subscribers += 1
        try:
            yield
        finally:
            self.subscribers -= 1

    def run_ended(self, run: Run) -> None:
        self.runs[run.wanted.function, run.problem.slug if run.problem is not None else "done"] += 1
        if run.ended is not None:
            self.run_seconds.see(run.ended - run.started)
        data = run.end.data
        if (first := data.get("first_token_ms")) is not None:
            self.first_token_seconds.see(first / 1000)
        for call in run.recorder.calls:
            self.attempts[call.client_name, "selected" if call.selected else "not selected"] += 1
            if call.usage is not None:
                for kind in ("input", "output"):
                    self.tokens[call.client_name, kind] += getattr(call.usage, f"{kind}_tokens") or 0

    def text(self, desk: Desk, handles: int) -> str:
        """`handles` are what calls hold open: sockets to providers, and what reads from them."""
        return "\n".join([*self._lines(desk, handles), ""])

    def _lines(self, desk: Desk, handles: int) -> Iterator[str]:
        yield from _counter("bamlet_runs_total", ("function", "outcome"), self.runs.items())
        yield from _counter("bamlet_attempts_total", ("client", "outcome"), self.attempts.items())
        yield from _counter("bamlet_tokens_total", ("client", "kind"), self.tokens.items())
        yield from _counter(
            "bamlet_resumes_total", ("kind",), (((kind,), count) for kind, count in self.resumes.items())
        )
        yield from _number("bamlet_dropped_subscribers_total", "counter", self.dropped)
        yield from _number("bamlet_unauthorized_total", "counter", self.unauthorized)
        yield from _number("bamlet_runs_active", "gauge", len(desk.active))
        yield from _number("bamlet_subscribers", "gauge", self.subscribers)
        yield from _number("bamlet_log_bytes", "gauge", desk.log_bytes)
        yield from _number("bamlet_handles", "gauge", handles)
        for name, found in (
            ("bamlet_run_seconds", self.run_seconds),
            ("bamlet_first_token_seconds", self.first_token_seconds),
        ):
            yield f"# TYPE {name} histogram"
            yield from found.lines(name)


def _number(name: str, kind: str, value: int) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value}"


def _counter(name: str, labels: tuple[str, ...], counts: Iterable[tuple[tuple[str, ...], int]]) -> Iterator[str]:
    yield f"# TYPE {name} counter"
    for values, count in counts:
        told = ",".join(f'{label}="{value}"' for label, value in zip(labels, values, strict=True))
        yield f"{name}{{{told}}} {count}"
