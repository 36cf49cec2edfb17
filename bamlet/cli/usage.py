"""What a run has cost, in one line: attempts, tokens, time. Unknown tokens are not counted as none."""

from __future__ import annotations

from .. import embed


def usage_line(collector: embed.Collector, *, timed: bool) -> str | None:
    """None if no model was asked. The time is left out where nothing but it would differ from run to run."""
    logs = collector.logs
    calls = [call for log in logs for call in log.calls]
    if not calls:
        return None
    not_taken = len(calls) - sum(call.selected for call in calls)
    attempts = f"{len(calls)} attempt{'s' if len(calls) != 1 else ''}"
    usage = collector.usage
    parts = [f"{attempts} ({not_taken} not taken)" if not_taken else attempts]
    if usage.input_tokens is not None or usage.output_tokens is not None:
        parts.append(f"{_count(usage.input_tokens)} in / {_count(usage.output_tokens)} out tokens")
    if timed:
        parts.append(f"{sum(log.timing.duration_ms or 0 for log in logs) / 1000:.2f} s")
    return " · ".join(parts)


def _count(tokens: int | None) -> str:
    return "?" if tokens is None else f"{tokens:,}"
