"""What a part of a program shows, for another part of it to look at: the operations of `baml.stream.Shown`."""

from __future__ import annotations

from copy import copy
from typing import Any

from ..interpreter.runtime.calling import call_back
from ..interpreter.runtime.values import FunctionValue, Opaque
from .host import Context
from .registry import sysop
from .running import Future
from .sink import Sink
from .stream_events import Partial
from .voices import Voice

SHOWN = "baml.stream.Shown"


class Shown:
    """A sink whose consumer is in the program. Nothing waits for the consumer, who is only given the newest."""

    def __init__(self) -> None:
        self.sink = Sink("latest")
        self.has_begun = False
        self._is_bound = False

    def bind(self, task: Future) -> None:
        """The task that is to call the function may be stopped before its first step: nothing is shown then."""
        if not self._is_bound:
            self._is_bound = True
            task.listen(self._ended)

    def _ended(self) -> None:
        # Of one that has begun, the end is when it has let go: until then it may still say that it begins anew.
        if not self.has_begun:
            self.sink.close()

    async def next(self) -> Any:
        """Null is no value to look at, and means the end."""
        while (event := await self.sink.next()) is not None:
            if isinstance(event, Partial) and event.value is not None:
                return event.value
        return None


@sysop("baml.stream.new_shown")
def new_shown(context: Context) -> Opaque:
    return Opaque(SHOWN, Shown())


@sysop("baml.stream.Shown.hear")
async def hear(context: Context, shown: Opaque, call: FunctionValue) -> Any:
    found: Shown = shown.payload
    found.has_begun = True
    # The same task with another voice: what it opens and starts stays with it.
    host = copy(context.host)
    host.voice = Voice(found.sink)
    own = context.branch(host)
    try:
        return await call_back(own, call)
    finally:
        # Whatever ends the call ends what is shown, else its consumer would wait for ever. Nothing is awaited.
        context.branches.remove(own)
        found.sink.close()


@sysop("baml.stream.Shown.next")
async def next_shown(context: Context, shown: Opaque, task: Opaque) -> Any:
    found: Shown = shown.payload
    found.bind(task.payload)
    return await found.next()
