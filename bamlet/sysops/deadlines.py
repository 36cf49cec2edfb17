"""The limits of one exchange: which of them ends first, and what to say when it has passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .registry import Failure

_OPTIONS = {
    "connect": "connect_timeout_ms",
    "first_token": "time_to_first_token_timeout_ms",
    "idle": "idle_timeout_ms",
    "request": "request_timeout_ms",
    "total": "total_timeout_ms",
}
_SAYS = {
    "connect": "no connection within {limit} ms",
    "first_token": "no event within {limit} ms of sending the request",
    "idle": "nothing received for {limit} ms",
    "request": "the request took longer than {limit} ms",
    "total": "all attempts together took longer than the {limit} ms that were left",
}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Limits in seconds, and when the request was sent; times are those of the event loop."""

    sent: float
    connect: float | None
    first_token: float | None
    idle: float | None
    request: float | None
    total: float | None
    client_name: str | None

    def for_head(self) -> tuple[float, str] | None:
        """The first limit that ends while the head of a stream is waited for."""
        return self._first(("first_token", "request", "total"), {})

    def for_whole(self) -> tuple[float, str] | None:
        """The first limit that ends while a whole answer is waited for."""
        return self._first(("request", "total"), {})

    def for_event(self, last_activity: float, *, any_event: bool, waiting: bool) -> tuple[float, str] | None:
        """The first limit that ends while a stream is read. Silence counts only while somebody waits for it."""
        phases = ["request", "total"]
        if not any_event:
            phases.append("first_token")
        elif waiting:
            phases.append("idle")
        return self._first(tuple(phases), {"idle": last_activity})

    def _first(self, phases: tuple[str, ...], since: dict[str, float]) -> tuple[float, str] | None:
        ends = [
            (since.get(phase, self.sent) + limit, phase)
            for phase in phases
            if (limit := self._limit(phase)) is not None
        ]
        return min(ends, default=None)

    def _limit(self, phase: str) -> float | None:
        limits: dict[str, float | None] = {
            "connect": self.connect,
            "first_token": self.first_token,
            "idle": self.idle,
            "request": self.request,
            "total": self.total,
        }
        return limits[phase]

    def passed(self, phase: str, now: float) -> Failure:
        limit = round((self._limit(phase) or 0) * 1000)
        return Failure(
            "Timeout",
            f"{_SAYS[phase].format(limit=limit)} ({_OPTIONS[phase]})",
            phase=phase,
            limit_ms=limit,
            elapsed_ms=round((now - self.sent) * 1000),
            client_name=self.client_name,
        )


def deadlines_of(request: Any, sent: float) -> Deadlines:
    """From a `baml.http.Request`."""
    limits = request.timeouts
    if limits is None:
        return Deadlines(sent, None, None, None, None, None, request.client_name)
    return Deadlines(
        sent,
        _seconds(limits.connect_ms),
        _seconds(limits.first_token_ms),
        _seconds(limits.idle_ms),
        _seconds(limits.request_ms),
        _seconds(limits.total_ms),
        request.client_name,
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
