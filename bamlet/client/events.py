"""What a listener of a generated client is told of a call that is over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..embed.collector import parts
from ..embed.errors import BamlError
from ..interpreter.runtime.values import to_plain
from ..records import dataclass

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
        yield _event(part, _value_of(part, read), log.id, log.id)


def _value_of(log: FunctionLog, read: Callable[[str, str], Any]) -> Any:
    text = log.raw_llm_response
    if log.selected_call is None or text is None:
        return None
    try:
        return read(log.function_name, text)
    except BamlError:  # a listener never fails the call that it hears of
        return None


def _event(log: FunctionLog, value: Any, parent: str | None, root: str) -> BamlLogEvent:
    calls = log.calls
    return BamlLogEvent(
        BamlLogEventMetadata(log.id, parent, root),
        calls[-1].http_request.body.text() if calls else None,
        log.raw_llm_response,
        None if value is None else json.dumps(to_plain(value), ensure_ascii=False),
        log.timing.start_time_utc_ms,
    )
