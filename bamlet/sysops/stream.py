"""The operations behind `baml.stream`: what a program shows to the host while it runs."""

from __future__ import annotations

from typing import Any

from ..interpreter.runtime.values import Handle
from ..records import dataclass
from .host import Context, resource
from .registry import sysop
from .turns import in_turns
from .views import Source
from .voices import Voice


@dataclass(frozen=True, slots=True)
class _Value(Source):
    """A value that a program shows by itself."""

    value: Any

    def snapshot(self) -> Any:
        return self.value


@sysop("baml.stream.emit_partial")
async def emit_partial(context: Context, value: Any) -> None:
    voice = context.host.voice
    if isinstance(value, Handle):
        await show(context, resource(context, value, Source))
    else:
        await voice.partial(_Value(value))


async def show(context: Context, source: Source) -> None:
    """A value as far as it has come."""
    voice = context.host.voice
    if shown_at_once(voice, source):
        return
    if source.is_behind:
        work = source.catching_up(is_watched=voice.sink.is_watched)
        await in_turns(work, context.host.services.clock)
    await voice.partial(source)


def shown_at_once(voice: Voice, source: Source) -> bool:
    """`show`, if nothing has to be waited for. It costs no coroutine, and most values are shown so."""
    voice.reporter = source
    sink = voice.sink
    is_heard = sink.speaker is voice and not sink.wants_agents
    return is_heard and not source.is_behind and sink.offer_now(source)


@sysop("baml.stream.emit_delta")
async def emit_delta(context: Context, text: str) -> None:
    await context.host.voice.delta(text)


@sysop("baml.stream.emit_tick")
async def emit_tick(context: Context, events: list[Any]) -> None:
    await context.host.voice.tick(events)


@sysop("baml.stream.begin_attempt")
async def begin_attempt(context: Context) -> None:
    await begin(context)


async def begin(context: Context) -> None:
    """What was shown no longer counts."""
    here = context.host
    attempt = here.asking.attempt
    client = attempt.client_name if attempt is not None else None
    await here.voice.begin_attempt(here.asking.record.last_cause(attempt), client)
