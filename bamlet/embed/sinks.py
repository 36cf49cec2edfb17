"""What a caller wants to see of a call, to the sink that shows it: modes and callbacks in, one sink out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..sysops.sink import Mode, Sink
from ..sysops.stream_events import StreamEvent
from ..sysops.views import View
from .context import CallContext


def sink_of(
    mode: Mode,
    ticks: bool,
    options: CallContext,
    view: View | None = None,
    *,
    agents: bool = False,
    now: Callable[[], float],
) -> Sink:
    return Sink(
        mode,
        view=view,
        ticks=ticks,
        on_partial=options.on_partial,
        on_delta=options.on_delta,
        on_tick=options.on_tick,
        on_reset=options.on_reset,
        agents=agents,
        on_event=_heard(options.on_event, now) if options.on_event is not None else None,
    )


def _heard(hear: Callable[[Any], Any], now: Callable[[], float]) -> Callable[[StreamEvent], Any]:
    from ..sysops.agent_events import Steps

    steps = Steps(now)

    def hear_shown(shown: StreamEvent) -> Any:
        event = steps.event(shown)
        return None if event is None else hear(event)

    return hear_shown
