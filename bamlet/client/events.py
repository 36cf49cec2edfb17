"""What a listener of a generated client is told of a call that is over."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..interpreter.runtime.values import to_plain

if TYPE_CHECKING:
    from ..embed import FunctionLog


@dataclass(frozen=True, slots=True)
class BamlLogEventMetadata:
    event_id: str
    parent_id: str | None
    root_event_id: str


@dataclass(frozen=True, slots=True)
class BamlLogEvent:
    """A call that is over. `prompt` is the body of the last request, `parsed_output` the value as JSON."""

    metadata: BamlLogEventMetadata
    prompt: str | None
    raw_output: str | None
    parsed_output: str | None
    start_time: int


def event_of(log: FunctionLog, value: Any) -> BamlLogEvent:
    """`value` is None if the call has failed."""
    calls = log.calls
    return BamlLogEvent(
        BamlLogEventMetadata(log.id, None, log.id),
        calls[-1].http_request.body.text() if calls else None,
        log.raw_llm_response,
        None if value is None else json.dumps(to_plain(value), ensure_ascii=False),
        log.timing.start_time_utc_ms,
    )
