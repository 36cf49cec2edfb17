"""The turns of a streamed answer in which nothing is to be decided: events in, what they bring shown.

Nearly all turns are such, and each would be ten operations of the program that reads the answer. The order in one
is that of `LiveAnswer` in `stdlib/llm/stream.baml`, which goes on where this ends, and does the same without it.
Where operations are watched, as by a trace, or pieces of what is said are, each turn is left to that.
"""

from __future__ import annotations

from ..interpreter.runtime.values import Handle, Opaque
from ..providers import ProviderError
from .answers import answer_of, provider_failure
from .host import Context, resource
from .read_values import PartialValue
from .registry import invoke, sysop
from .sse import SseStream
from .stream import begin, show, shown_at_once


@sysop("baml.llm.pump", throws=("Io", "Timeout", "LlmClient"))
async def pump(context: Context, sse: Handle, answer: Handle | Opaque, partial: Handle) -> None:
    if context.invoke is not invoke or context.host.voice.sink.wants_agents:
        return
    stream, value = resource(context, sse, SseStream), resource(context, partial, PartialValue)
    said, voice = answer_of(context, answer), context.host.voice
    sink = voice.sink
    for _ in context.rounds:
        if said.is_complete:
            return
        events = stream.take()
        if events is None:
            events = await stream.next()
            if events is None:
                return
        try:
            began_anew = said.add(events)
        except ProviderError as failure:
            raise provider_failure(context.host, failure, said.client) from failure
        # A voice that is not heard has to be asked each time: it may be its turn now.
        if sink.wants_ticks or sink.speaker is not voice:
            await voice.tick(stream.shown(events))
        if began_anew:
            value.reset()
            await begin(context)
        text = said.new_text()
        if not text:
            continue
        if sink.wants_text or sink.speaker is not voice:
            await voice.delta(text)
        if value.feed(text) and not shown_at_once(voice, value):
            await show(context, value)
