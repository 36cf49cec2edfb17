"""What a retry policy may say, and what it means when it does not. When an attempt is tried again is decided in
`stdlib/llm/retry.baml`, by `RetryPolicy`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..patterns import pattern
from ..records import dataclass


@dataclass(frozen=True, slots=True)
class Retries:
    """The numbers of a policy whose block leaves them out."""

    strategy: str = "constant_delay"
    delay_ms: int = 200
    multiplier: float = 1.5
    max_delay_ms: int = 10_000
    jitter: float = 0.0


RETRIES = Retries()

# A strategy and the numbers that mean something to it.
STRATEGIES: Mapping[str, tuple[str, ...]] = {
    "constant_delay": ("delay_ms", "jitter"),
    "exponential_backoff": ("delay_ms", "multiplier", "max_delay_ms", "jitter"),
}

# How an attempt fails: the causes of `baml.errors.FailedAttempt`, and classes of statuses. A key that is missing
# is no cause to try again.
CAUSES = (
    "network",
    "timeout",
    "truncated",
    "provider_error",
    "empty_response",
    "protocol_error",
    "degenerate",
    "finish_reason",
    "validation",
    "4xx",
    "5xx",
)
STATUS = pattern(r"[45][0-9][0-9]")
