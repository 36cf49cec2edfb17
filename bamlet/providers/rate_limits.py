"""What the headers of an answer say about the provider's limits: how much is left, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..patterns import pattern
from ..records import dataclass

# `x-ratelimit-remaining-requests`, `anthropic-ratelimit-input-tokens-reset`, `x-ratelimit-reset`
_HEADER = pattern(
    r"x-ratelimit-(limit|remaining|reset)(?:-(.+))?|anthropic-(?:\w+-)?ratelimit-(.+)-(limit|remaining|reset)"
)
_WORD = "ratelimit"  # in each of them
_GO_DURATION = pattern(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_EPOCH = 10**12  # milliseconds; a smaller number is a time to wait, in seconds


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Of `requests`, `tokens` or whatever the provider counts. What it does not say is None."""

    name: str
    limit: int | None
    remaining: int | None
    reset_ms: int | None


def rate_limits(headers: Mapping[str, str]) -> list[RateLimit]:
    """In the order of the headers. A time of day counts from the server's own clock."""
    found: dict[str, dict[str, str]] = {}
    for name, value in headers.items():
        # Most are others, and a map looks at those of each answer.
        if _WORD in (lower := name.lower()):
            for kind, counted in _read(lower):
                found.setdefault(counted, {})[kind] = value
    date = headers.get("date")
    return [
        RateLimit(
            name, _number(said.get("limit")), _number(said.get("remaining")), _reset_ms(said.get("reset"), date)
        )
        for name, said in found.items()
    ]


def _read(name: str) -> Iterator[tuple[str, str]]:
    if (match := _HEADER.fullmatch(name)) is not None:
        kind, counted, other, other_kind = match.groups()
        yield (kind, counted or "requests") if kind else (other_kind, other)


def _number(text: str | None) -> int | None:
    try:
        return int(float(text)) if text is not None else None
    except (ValueError, OverflowError):
        return None


def _reset_ms(text: str | None, date: str | None) -> int | None:
    """A Go duration, seconds, milliseconds since the epoch, or a time of day."""
    if text is None:
        return None
    parts = _GO_DURATION.findall(text)
    if parts and "".join(map("".join, parts)) == text:
        return round(sum(float(number) * _UNITS[unit] for number, unit in parts))
    number = _number(text)
    if number is not None and number < _EPOCH:
        return round(float(text) * 1000)
    try:
        now = parsedate_to_datetime(date or "")
        until = datetime.fromtimestamp(number / 1000, UTC) if number is not None else datetime.fromisoformat(text)
        return max(0, round((until - now).total_seconds() * 1000))
    except (ValueError, TypeError, OverflowError, OSError):
        return None
