"""The turns of a streamed answer in which nothing is to be decided: events in, what they bring shown.

Nearly all turns are such, and each would be ten operations of the program that reads the answer. The order in one
is that of `LiveAnswer` in `stdlib/llm/stream.baml`, which goes on where this ends, and does the same without it.
Where operations are watched, as by a trace, or pieces of what is said are, each turn is left to that.
"""

from __future__ import annotations

from ..interpreter.runtime.failures import Cancelled
from ..interpreter.runtime.values import Handle, Opaque
from ..providers import ProviderError
from ..wire.sse import Event
from .answers import Answer, answer_of, provider_failure
from .host import Context, resource
from .read_values import PartialValue
from .registry import invoke, sysop
from .sse import SseStream
from .stream import begin, show, shown_at_once


@sysop("baml.llm.pump", throws=("Io", "Timeout", "LlmClient"))
async def pump(context: Context, sse: Handle, answer: Handle | Opaque, partial: Handle) -> None:
    if context.invoke is not invoke or context.host.voice.sink.wants_agents:
        return
    stream, said = resource(context, sse, SseStream), answer_of(context, answer)
    turns = _Turns(context, stream, said, resource(context, partial, PartialValue))
    while not said.is_complete:
        events = stream.take()
        if events is None and turns.are_plain and await stream.hand(turns.take):
            await turns.finish()
            continue
        if events is None:
            events = await turns.wait()
            if events is None:
                return
        if not turns.take(events):
            await turns.finish()


class _Turns:
    """One after the other: `take` does all of one that waits for nobody, as nearly each; else `finish` follows."""

    __slots__ = (
        "_began_anew",
        "_context",
        "_events",
        "_failure",
        "_is_shown",
        "_said",
        "_sink",
        "_stream",
        "_value",
        "_voice",
    )

    def __init__(self, context: Context, stream: SseStream, said: Answer, value: PartialValue) -> None:
        self._context = context
        self._voice, self._sink = context.host.voice, context.host.voice.sink
        self._stream = stream
        self._said = said
        self._value = value
        # What is left of a turn: its events, if it has just begun; a value that is to be shown; what was raised.
        self._events: list[Event] | None = None
        self._began_anew = False
        self._is_shown = True
        self._failure: BaseException | None = None

    @property
    def are_plain(self) -> bool:
        """Whether it makes no difference who calls for a turn, and which events come together in it."""
        sink = self._sink
        # Who overhears may start a task, which is to have the context of this one, not of who reads the socket.
        return not (sink.wants_ticks or sink.wants_text or self._said.is_overheard)

    def take(self, events: list[Event]) -> bool:
        """Whether the turn is over and another may begin; if not, `finish` has the rest of it. It raises nothing:
        who reads the socket calls it too, and what went wrong here is not for them."""
        said, sink = self._said, self._sink
        try:
            self._count()
            began_anew = said.add(events)
            # A voice that is not heard has to be asked each time: it may be its turn now.
            if began_anew or sink.wants_ticks or sink.wants_text or sink.speaker is not self._voice:
                self._events, self._began_anew = events, began_anew
                return False
            text = said.new_text()
            if text and self._value.feed(text) and not shown_at_once(self._voice, self._value):
                self._is_shown = False
                return False
        except (Exception, Cancelled) as failure:
            self._failure = failure
            return False
        return not said.is_complete

    async def wait(self) -> list[Event] | None:
        """For what comes next. A wait that fails was a round too: the limit of rounds goes before its failure, as
        in the program, which counts before it waits."""
        try:
            return await self._stream.next()
        except Exception as caught:
            failure = caught
        try:
            self._count()
            raise failure
        finally:
            del failure  # its traceback holds this frame

    def _count(self) -> None:
        """A round like any other of the program, where rounds are limited or the call has been told to stop. To
        look whether it has is for loops that never wait."""
        if self._context.calls is not None:
            next(self._context.rounds)

    async def finish(self) -> None:
        """Raises what `take` has not."""
        if self._failure is not None:
            self._raise()
        if self._events is not None:
            events, self._events = self._events, None
            await self._go_on(events)
        elif not self._is_shown:
            self._is_shown = True
            await show(self._context, self._value)

    async def _go_on(self, events: list[Event]) -> None:
        voice, value, sink = self._voice, self._value, self._sink
        if sink.wants_ticks or sink.speaker is not voice:
            await voice.tick(self._stream.shown(events))
        if self._began_anew:
            value.reset()
            await begin(self._context)
        text = self._said.new_text()
        if not text:
            return
        if sink.wants_text or sink.speaker is not voice:
            await voice.delta(text)
        if value.feed(text) and not shown_at_once(voice, value):
            await show(self._context, value)

    def _raise(self) -> None:
        failure, self._failure = self._failure, None
        assert failure is not None
        try:
            if isinstance(failure, ProviderError):
                raise provider_failure(self._context.host, failure, self._said.client) from failure
            raise failure
        finally:
            del failure  # its traceback holds this frame
