"""The limits in time of a client: what they are called in `http { … }`, and what they are when nobody says."""

from __future__ import annotations

from collections.abc import Mapping

from ..records import dataclass, fields


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds; None is no limit. The defaults are the product's, not a provider's."""

    connect: float | None = 10.0
    first_token: float | None = 120.0
    idle: float | None = 60.0
    request: float | None = 600.0
    total: float | None = 600.0


# The setting of a client, in milliseconds, to the field that it sets.
LIMITS: Mapping[str, str] = {
    "connect_timeout_ms": "connect",
    "request_timeout_ms": "request",
    "time_to_first_token_timeout_ms": "first_token",
    "idle_timeout_ms": "idle",
    "total_timeout_ms": "total",
}
assert set(LIMITS.values()) == {item.name for item in fields(Timeouts)}

# A client that makes no requests itself has only the limit of the whole.
COMPOSITE_LIMITS = ("total_timeout_ms",)
