"""How a run goes and how it went, as numbers; and the line of them that scripts read."""

from __future__ import annotations

from typing import Literal

from ..records import dataclass

Reason = Literal[
    "done",
    "max-cost",
    "max-errors",
    "deadline",
    "canary",
    "disk",
    "provider",
    "detached",
    "cancelled",
    "output",
    "interrupted",
    "exported",
    "looked",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """At one moment. `t` is seconds since the run began; None is what cannot be told."""

    t: float
    rows: int
    ok: int
    failed: int
    known: int
    in_flight: int
    limit: int
    rows_per_s: float
    tokens_per_min: float
    cost: float | None
    cost_at_end: float | None
    eta_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapReport:
    """`reason` is why it ended; `message` is more of it for a person. `paid_twice` is how many rows that ended at
    most may have been asked before, by runs that were killed."""

    reason: Reason
    message: str = ""
    rows: int = 0
    ok: int = 0
    failed: int = 0
    known: int = 0
    called: int = 0
    paid_twice: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    over: float = 0.0
    seconds: float = 0.0
    refusals: int = 0

    @property
    def is_complete(self) -> bool:
        return self.reason == "done"

    @property
    def line(self) -> str:
        money = "unknown" if self.cost is None and self.called else dollars(self.cost or 0.0)
        return (
            f"rows {self.rows}  ok {self.ok}  failed {self.failed}  known {self.known}  called {self.called}  "
            f"maybe paid twice ≤ {self.paid_twice}  "
            f"tokens {short(self.input_tokens)} in {short(self.output_tokens)} out  cost {money}  "
            f"time {duration(self.seconds)}"
        )


def dollars(amount: float) -> str:
    """Of what is less than ten cents, more digits."""
    return f"${amount:.2f}" if amount >= 0.1 or not amount else f"${amount:.4f}"


def short(number: float) -> str:
    """1234567 is 1.2M."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.1f}{unit}" if number < 100 * size else f"{number / size:.0f}{unit}"
    return f"{number:.0f}"


def duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
