"""What a call shows, as events of its run's log: values and what changed in them, text, ticks, tokens, the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..embed import Collector, to_plain
from ..embed.collector import FunctionLog, LLMCall, Usage, asked_last
from ..embed.log import Event, EventLog, Kind
from ..embed.stream import AsyncStream, Change, Delta, Done, Partial, Reset, StreamEvent, Tick, changes_between
from ..embed.tagged import tagged
from ..records import dataclass
from ..sap import Report
from .errors import Problem
from .wire import compact, plain

PROTOCOL = 1
SECONDS_BETWEEN_TICKS = 0.1

_NONE = object()


@dataclass(frozen=True, slots=True)
class Appended(Change):
    """An `append` as a log keeps it: with the whole text in each of them, a long answer would take the square of
    its length. The text is put together for who asks for it."""

    pieces: Sequence[str] = ()  # of the text, to which later changes add theirs
    count: int = 0  # of those up to this one

    def as_json_patch(self) -> dict[str, Any]:
        whole = "".join(self.pieces[: self.count])
        return Change("append", self.path, self.value, whole).as_json_patch()


def event(kind: Kind, data: Mapping[str, Any], value: Any = None) -> Event:
    return Event(kind, data, compact(data), value)


def delta(text: str) -> Event:
    return Event("delta", {"text": text}, f'{{"text":{compact(text)}}}')


def patch_of(changes: list[Change]) -> Event:
    return Event("patch", {"changes": changes}, f'{{"ops":[{",".join(map(_operation_line, changes))}]}}')


def _operation_line(change: Change) -> str:
    """Nearly every change is an `append`, and text alone is written several times as fast as what holds it."""
    if change.op == "append":
        return f'{{"op":"append","path":{compact(change.pointer)},"value":{compact(change.value)}}}'
    return compact(operation(change))


def operation(change: Change) -> dict[str, Any]:
    """As `Change.as_json_patch`, but that an `append` has only what is new."""
    if change.op == "append":
        return {"op": "append", "path": change.pointer, "value": change.value}
    return change.as_json_patch()


def whole_patch(value: Any) -> Event:
    """The patch that sets the whole value. It is written out when it is read."""
    return Event("patch", {"changes": [Change("add", (), value)], "value": value})


class Recorder:
    """Of one call. It writes into a log what is shown and, when the call is over, the end of the run."""

    def __init__(self, log: EventLog, now: Callable[[], float]) -> None:
        self._log = log
        self._now = now
        self.collector = Collector(bodies=False)
        self._value: Any = _NONE
        self._reasoning = ""
        self._told = 0  # calls of models whose tokens were told
        self._attempt = 1
        self._chars = self._count = 0
        self._ticked: float | None = None
        self._growing: tuple[tuple[str | int, ...], list[str]] | None = None  # the text that was appended to last

    def start(self, run: str, function: str) -> None:
        self._log.append(event("start", {"run": run, "function": function, "protocol": PROTOCOL}))

    # --- on the way

    def take(self, shown: StreamEvent, stream: AsyncStream) -> None:
        match shown:
            case Partial(value=value, replaced=replaced):
                self._think(stream)
                self._show(value, replaced)
            case Delta(text=text):
                if self._chars == 0:
                    self._think(stream)
                self._chars += len(text)
                self._log.append(delta(text))
            case Tick(events=events):
                self._count += len(events)
                self._tick(stream)
            case Done(event=done):
                self._log.append(event("agent", done.data()))
            case Reset(attempt=attempt, reason=reason, client=client):
                self._tell_usage(ended_only=True)
                self._attempt = attempt
                self._value, self._reasoning, self._chars, self._count = _NONE, "", 0, 0
                data = {"attempt": attempt, "reason": reason, "client": client}
                self._log.append(event("reset", data))

    def _show(self, value: Any, replaced: bool) -> None:
        if self._value is _NONE or replaced:
            changes = [Change("add" if self._value is _NONE else "replace", (), value)]
        else:
            changes = changes_between(self._value, value)
        self._value = value
        if changes:
            changes = [self._kept(change) for change in changes]
            # Nothing is awaited between the two: no reader stands between a patch and its value.
            self._log.append(patch_of(changes))
            self._log.append(Event("partial", {"value": value}))

    def _kept(self, change: Change) -> Change:
        growing = self._growing
        if change.whole is None:
            if growing is not None and growing[0][: len(change.path)] == change.path:
                self._growing = None  # something else stands there now
            return change
        if growing is not None and growing[0] == change.path:
            pieces = growing[1]
            pieces.append(change.value)
        else:
            pieces = [change.whole]
            self._growing = (change.path, pieces)
        return Appended("append", change.path, change.value, pieces=pieces, count=len(pieces))

    def _tick(self, stream: AsyncStream) -> None:
        now = self._now()
        if self._ticked is not None and now - self._ticked < SECONDS_BETWEEN_TICKS:
            return
        self._ticked = now
        self._think(stream)
        data = {"attempt": self._attempt, "client": self.client, "chars": self._chars, "events": self._count}
        self._log.append(event("tick", data))

    def _think(self, stream: AsyncStream) -> None:
        """What the model has thought since it was last looked at."""
        now = stream.reasoning
        if len(now) > len(self._reasoning) and now.startswith(self._reasoning):
            self._log.append(event("reasoning", {"text": now[len(self._reasoning) :]}))
            self._reasoning = now

    # --- tokens

    @property
    def _log_of_call(self) -> FunctionLog | None:
        return self.collector.last

    @property
    def calls(self) -> list[LLMCall]:
        return found.calls if (found := self._log_of_call) is not None else []

    @property
    def client(self) -> str | None:
        return asked_last(found) if (found := self._log_of_call) is not None else None

    @property
    def usage(self) -> dict[str, int | None]:
        return tokens(self.collector.usage)

    def _tell_usage(self, *, ended_only: bool) -> None:
        calls = self.calls
        while self._told < len(calls):
            call = calls[self._told]
            if ended_only and call.timing.duration_ms is None:
                return
            self._told += 1
            if call.usage is not None:
                told = {**tokens(call.usage), "client": call.client_name, "attempt": self._told}
                self._log.append(event("usage", told))

    # --- the end

    def final(self, value: Any, report: Report) -> Event:
        self._tell_usage(ended_only=False)
        timing = found.timing if (found := self._log_of_call) is not None else None
        data = {
            "value": to_plain(value),
            "report": report_data(report),
            "usage": self.usage,
            "client": self.client,
            "attempts": len(self.calls),
            "ms": timing.duration_ms if timing is not None else None,
            "first_token_ms": getattr(timing, "time_to_first_token_ms", None),
        }
        return self._end(event("final", data, value))

    def error(self, problem: Problem, run: str) -> Event:
        self._tell_usage(ended_only=False)
        shown = None if self._value is _NONE else self._value
        data = {**problem.body(run), "partial": to_plain(shown), "retryable": problem.retryable}
        return self._end(event("error", data, shown))

    def _end(self, end: Event) -> Event:
        self._log.append(end)
        return end


def tokens(usage: Usage) -> dict[str, int | None]:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


def report_data(report: Report) -> dict[str, Any]:
    """Places and reasons; the text at fault is the model's answer, and stays here."""
    entries = [
        {"kind": entry.kind, "path": entry.path, "reason": entry.reason, "lossy": entry.lossy}
        for entry in report.entries
    ]
    return {"entries": entries, "truncated": report.truncated}


def whole_text(found: Event) -> str:
    """The value of an event as JSON, made once for all who read it."""
    if found.written is None:
        found.written = plain(found.data["value"])
    text: str = found.written
    return text


def pieces_of(found: Event) -> tuple[str, ...]:
    """The data of an event as JSON. What is long is no part of anything longer, so that its readers share it."""
    if found.line:
        return (found.line,)
    if found.kind == "patch":
        return ('{"ops":[{"op":"add","path":"","value":', whole_text(found), "}]}")
    return ('{"value":', whole_text(found), "}")


def tagged_line(found: Event) -> str:
    """The same, each value of a class with the name of its class."""
    match found.kind:
        case "patch":
            return compact({"ops": [_tagged_operation(change) for change in found.data["changes"]]})
        case "partial":
            return compact({"value": tagged(found.data["value"])})
        case "final":
            return compact({**found.data, "value": tagged(found.value)})
        case "error":
            return compact({**found.data, "partial": tagged(found.value)})
        case _:
            return found.line


def _tagged_operation(change: Change) -> dict[str, Any]:
    made = operation(change)
    return {**made, "value": tagged(change.value)} if "value" in made else made
