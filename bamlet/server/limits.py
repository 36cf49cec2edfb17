"""What a server bounds, and what it does when a reader goes away: numbers that its flags set."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ..records import dataclass

OnDisconnect: TypeAlias = Literal["cancel", "grace", "keep"]
PATIENCE: tuple[OnDisconnect, ...] = ("cancel", "grace", "keep")  # the least first

OPTIONS = ("client", "tags", "timeouts", "strict")  # of `__baml_options__`, without further permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times are in seconds. Of a run that has ended the events are kept for `keep`, of all such runs together
    `kept_bytes`. `stall` is how long a reader may take no byte; `body_seconds` how long a body may take to come.
    """

    max_runs: int = 200
    queue: int = 0
    max_body: int = 8 << 20
    max_depth: int = 100
    body_seconds: float = 10
    max_seconds: float = 600
    log_events: int = 10_000
    log_bytes: int = 8 << 20
    keep: float = 60
    kept_bytes: int = 64 << 20
    grace: float = 60
    heartbeat: float = 15
    stall: float = 30
    drain: float = 30
