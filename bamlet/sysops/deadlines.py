"""The limits of one exchange: which of them ends first, and what to say when it has passed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records import dataclass
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
    "total": "all attempts together took longer than {limit} ms",
}


@dataclass(slots=True)
class Deadlines:
    """Limits in seconds by phase, and when the request was sent; times are those of the event loop.

    `total` counts from `began`, when the first of all attempts was made; the others count from this one. Not
    frozen, as one is made per request.
    """

    sent: float
    began: float
    limits: Mapping[str, float | None]
    client_name: str | None

    @property
    def connect(self) -> float | None:
        return self.limits["connect"]

    @property
    def idle(self) -> float | None:
        return self.limits["idle"]

    def for_head(self) -> tuple[float, str] | None:
        """The first limit that ends while the head of a stream is waited for."""
        return self._first(("first_token", "request", "total"))

    def for_whole(self) -> tuple[float, str] | None:
        """The first limit that ends while a whole answer is waited for."""
        return self._first(("request", "total"))

    def for_event(self, silent_since: float | None, *, any_event: bool) -> tuple[float, str] | None:
        """The first limit that ends while a stream is read. `silent_since` is None while nobody waits."""
        if not any_event:
            return self._first(("first_token", "request", "total"))
        if silent_since is None:
            return self._first(("request", "total"))
        return self._first(("request", "total", "idle"), silent_since)

    def _first(self, phases: tuple[str, ...], silent_since: float = 0.0) -> tuple[float, str] | None:
        first: tuple[float, str] | None = None
        for phase in phases:
            limit = self.limits[phase]
            if limit is not None:
                since = silent_since if phase == "idle" else self.began if phase == "total" else self.sent
                end = (since + limit, phase)
                first = end if first is None or end < first else first
        return first

    def passed(self, phase: str, now: float) -> Failure:
        limit = round((self.limits[phase] or 0) * 1000)
        elapsed = round((now - (self.began if phase == "total" else self.sent)) * 1000)
        return Failure(
            "Timeout",
            f"{_SAYS[phase].format(limit=limit)} ({_OPTIONS[phase]})",
            phase=phase,
            limit_ms=limit,
            elapsed_ms=elapsed,
            duration_ms=elapsed,
            client_name=self.client_name,
        )


def deadlines_of(request: Any, sent: float) -> Deadlines:
    """From a `baml.http.Request`."""
    given = request.timeouts
    if given is None:
        return Deadlines(sent, sent, dict.fromkeys(_OPTIONS), request.client_name)
    told = (
        ("connect", given.connect_ms),
        ("first_token", given.first_token_ms),
        ("idle", given.idle_ms),
        ("request", given.request_ms),
        ("total", given.total_ms),
    )
    limits = {phase: None if limit_ms is None else limit_ms / 1000 for phase, limit_ms in told}
    return Deadlines(sent, sent - (given.spent_ms or 0) / 1000, limits, request.client_name)
