"""What a listener of a generated client is told of a call that is over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..embed.collector import parts
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
    """An LLM function is over. `prompt` is the body of its last request, `parsed_output` its value as JSON."""

    metadata: BamlLogEventMetadata
    prompt: str | None
    raw_output: str | None
    parsed_output: str | None
    start_time: int


def events_of(log: FunctionLog, value: Any, read: Callable[[str, str], Any]) -> Iterator[BamlLogEvent]:
    """One for each LLM function that was called. `value` is what came of the call, None if it has failed.

    What came of one inside of it is read from its answer once more: nobody kept it.
    """
    found = parts(log)
    if [part.function_name for part in found] == [log.function_name]:
        yield _event(log, value, None, log.id)
        return
    for part in found:
        text = part.raw_llm_response if part.selected_call is not None else None
        inner = None if text is None else read(part.function_name, text)
        yield _event(part, inner, log.id, log.id)


def _event(log: FunctionLog, value: Any, parent: str | None, root: str) -> BamlLogEvent:
    calls = log.calls
    return BamlLogEvent(
        BamlLogEventMetadata(log.id, parent, root),
        calls[-1].http_request.body.text() if calls else None,
        log.raw_llm_response,
        None if value is None else json.dumps(to_plain(value), ensure_ascii=False),
        log.timing.start_time_utc_ms,
    )
