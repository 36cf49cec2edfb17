"""What a call did, as lines for a person: requests, waits, what came, what was shown, what was opened and closed.

It listens at the two places that everything passes: `invoke`, and the table of handles. A line begins with the
milliseconds since the first one and, inside of `baml.task`, with the number of the task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ..interpreter.runtime.failures import Panic, Thrown
from ..interpreter.runtime.values import FunctionValue, Handle, Instance
from .handles import HandleTable
from .host import Context, Host
from .host_failure import HostFailure
from .registry import REGISTRY, invoke

MAX_SHOWN_TEXT = 60

Write = Callable[[str], None]
Say = Callable[..., str | None]


class Trace:
    """Of one runtime. `invoke` takes the place of the registry's.

    A `write` that fails gets no more lines. Its failure is the host's, and is raised by an operation of a call:
    what opens and closes goes on first, for a resource is never left because nobody could be told of it.
    """

    def __init__(self, write: Write, now: Callable[[], float]) -> None:
        self._write: Write | None = write
        self._now = now
        self._began: float | None = None
        self._failed: BaseException | None = None

    def line(self, text: str, task: tuple[int, ...] = ()) -> None:
        if self._write is None:
            return
        now = self._now()
        if self._began is None:
            self._began = now
        place = "".join(f"[{'.'.join(map(str, task))}] " if task else "")
        try:
            self._write(f"{round((now - self._began) * 1000):>6} ms  {place}{text}")
        except BaseException as failure:
            self._write, self._failed = None, failure

    def opened(self, handle: Handle) -> None:
        self.line(f"open {_name(handle)}")

    def closed(self, handle: Handle) -> None:
        self.line(f"close {_name(handle)}")

    def summary(self, table: HandleTable) -> None:
        """What was opened in all, by kind, and what is open still."""
        kinds = (f"{count} {kind.rpartition('.')[2]}" for kind, count in sorted(table.opened.items()))
        self.line(f"opened {', '.join(kinds) or 'nothing'}; still open: {table.open_count}")
        # All is closed, so a line that cannot be written is no failure of closing; an interrupt stays one.
        failed, self._failed = self._failed, None
        if failed is not None and not isinstance(failed, Exception):
            raise failed

    def invoke(self, name: str, context: Context, *arguments: Any) -> Any:
        """Every failure is told, of whatever operation: a `catch` of the program may take it and say nothing."""
        before, after = _BEFORE.get(name), _AFTER.get(name)
        if before is not None:
            self._say(context, before(*arguments))
        self._raise_what_failed()
        try:
            result = invoke(name, context, *arguments)
        except (Thrown, Panic) as failure:
            self._say(context, _failure(failure))
            raise
        if REGISTRY[name].suspends:
            return self._awaited(result, context, before, after)
        self._say(context, after(result) if after is not None else None)
        self._raise_what_failed()
        return result

    async def _awaited(self, work: Awaitable[Any], context: Context, before: Say | None, after: Say | None) -> Any:
        try:
            result = await work
        except (Thrown, Panic) as failure:
            self._say(context, _failure(failure))
            raise
        except asyncio.CancelledError:
            self._say(context, None if before is None and after is None else "stopped")
            raise
        self._say(context, after(result) if after is not None else None)
        self._raise_what_failed()
        return result

    def _say(self, context: Context, text: str | None) -> None:
        if text is not None:
            found: Host = context.host
            self.line(found.hide(text), found.task)

    def _raise_what_failed(self) -> None:
        failed, self._failed = self._failed, None
        if isinstance(failed, Exception):
            raise HostFailure(failed) from failed
        if failed is not None:
            raise failed


def _name(handle: Handle) -> str:
    return f"{handle.kind.rpartition('.')[2]} #{handle.number}"


def _failure(failure: Thrown | Panic) -> str:
    if isinstance(failure, Panic):
        return f"failed: {failure.kind}: {_short(str(failure))}"
    value = failure.value
    if isinstance(value, Instance):
        kind, message = value.__class_name__.rpartition(".")[2], getattr(value, "message", "")
        return f"failed: {kind}: {_short(message)}" if message else f"failed: {kind}"
    return f"failed: {_short(str(value))}"


def _short(text: str) -> str:
    """One line of some length."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_SHOWN_TEXT else line[:MAX_SHOWN_TEXT] + "…"


def _quoted(text: str) -> str:
    return repr(text) if len(text) <= MAX_SHOWN_TEXT else repr(text[:MAX_SHOWN_TEXT]) + "…"


def _request(request: Any) -> str:
    from ..wire.redact import redact_url

    asked = f"{request.client_name}: " if request.client_name else ""
    return f"{asked}{request.method} {redact_url(request.url).partition('?')[0]}"


def _task(what: str) -> Say:
    def say(tasks: list[FunctionValue], *rest: int) -> str:
        return f"{what} of {len(tasks)}" + "".join(f", {delay} ms apart" for delay in rest)

    return say


def _sleep(delay: Any) -> str | None:
    """Of milliseconds, or a `baml.time.Duration`."""
    milliseconds = delay if isinstance(delay, int) else delay.nanoseconds / 1e6
    return f"wait {milliseconds:g} ms" if milliseconds > 0 else None


def _events(events: list[Any] | None) -> str:
    if events is None:
        return "end of the stream"
    return f"{len(events)} event{'s' if len(events) != 1 else ''}"


_BEFORE: dict[str, Say] = {
    "baml.http.send": _request,
    "baml.http.fetch_sse": _request,
    "baml.sys.sleep": _sleep,
    "baml.stream.begin_attempt": lambda: "show from the beginning",
    "baml.stream.emit_partial": lambda value: "show a partial value",
    "baml.task.race": _task("race"),
    "baml.task.hedge": _task("hedge"),
    "baml.task.all": _task("all"),
    "baml.task.map": lambda items, f, limit: f"{len(items)} items, at most {limit} at a time",
    "baml.task.timeout": lambda limit_ms, task: f"at most {limit_ms} ms",
}
_AFTER: dict[str, Say] = {
    "baml.http.send": lambda response: f"status {response.status_code}, {len(response.body)} characters",
    "baml.http.fetch_sse": lambda stream: "status 200",
    "baml.http.SseStream.next": _events,
    "baml.http.SseStream.next_within": _events,
    "baml.llm.StreamAccumulator.new_content": lambda text: f"text {_quoted(text)}" if text else None,
    "baml.llm.StreamAccumulator.add_events": lambda anew: "the model begins anew" if anew else None,
    "baml.llm.PrimitiveClient.parse_answer": lambda value: "value read",
    "baml.llm.PartialParser.finish_answer": lambda value: "value read",
    "baml.task.race": lambda value: "won",
    "baml.task.hedge": lambda value: "won",
    "baml.task.all": lambda values: "all there",
    "baml.task.map": lambda values: "all there",
    "baml.task.timeout": lambda value: "in time",
}
