"""A stream of server-sent events while it is read: its bounded buffer, and the limits of time that it keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

from ..wire.message import Response
from ..wire.sse import Event
from .attempts import Attempt
from .bell import Bell
from .deadlines import Deadlines
from .exchange import content_type, failure_of
from .host import Context
from .pushed import pushing
from .turns import TURN_SECONDS

MAX_BUFFERED_EVENTS = 1024
MAX_BUFFERED_CHARACTERS = 1 << 20
SHORTEST_LOOK_SECONDS = 0.001

Take: TypeAlias = "Callable[[list[Event]], bool]"


class SseStream:
    """The events of one answer. What comes is put into a bounded buffer as it does, so that events which came
    together are handed out together, and a slow consumer stops the socket and not the memory."""

    __slots__ = (
        "_any_event",
        "_arrived",
        "_attempt",
        "_buffered",
        "_deadlines",
        "_decoder",
        "_ended",
        "_event_class",
        "_events",
        "_failure",
        "_handing",
        "_hide",
        "_last_activity",
        "_loop",
        "_one_by_one",
        "_paused",
        "_record",
        "_source",
        "_taker",
        "_timer",
        "_turn_began",
        "_waiting",
        "_waits_since",
        "headers",
    )

    def __init__(
        self,
        context: Context,
        response: Response,
        accepts: str,
        deadlines: Deadlines,
        *,
        one_by_one: bool,
        attempt: Attempt | None = None,
    ) -> None:
        from ..wire.framing import decoder_for

        self._event_class: Any = context.space.classes["baml.http.SseEvent"]
        self._hide = context.host.hide
        self._source = pushing(response)
        self._attempt = attempt
        self._record = attempt.gets_events if attempt is not None and attempt.keeps else None
        self.headers = response.headers
        self._deadlines = deadlines
        self._one_by_one = one_by_one
        self._decoder = decoder_for(content_type(response), accepts)
        self._events: list[Event] = []  # an empty deque takes ten times as much
        self._buffered = 0  # characters of data in them
        self._failure: Exception | None = None
        self._ended = False
        self._any_event = False
        # When something came last, how many wait for more, and since when somebody does.
        self._loop = asyncio.get_running_loop()
        self._last_activity = self._loop.time()
        self._waiting = 0
        self._waits_since: float | None = None
        self._turn_began = self._last_activity
        self._arrived = Bell()
        # Who takes what comes in the turn in which it does, and whoever waits for the end of that.
        self._taker: Take | None = None
        self._handing: asyncio.Future[None] | None = None
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        # Last, since what has come already is put in at once. Nobody else has a turn before our caller has put the
        # stream into its scope, where it is closed: there is no await on the way.
        self._source.push_to(self)
        self._watch()

    def shown(self, events: list[Event]) -> list[Any]:
        """Events as the program and the host see them."""
        make = self._event_class
        return [make(event.event, event.data, event.id) for event in events]

    async def next(self) -> list[Event] | None:
        """What has come, waiting for at least one event; None at the end. A failure comes after the last event."""
        if self._events and self._loop.time() - self._turn_began >= TURN_SECONDS:
            # Who finds events each time never waits, and holds up all others.
            await asyncio.sleep(0)
            self._turn_began = self._loop.time()
        if not self._events:
            self._begin_to_wait()
            try:
                while not self._events:
                    # After the events: what came whole before a failure is shown before it.
                    if self._failure is not None:
                        raise self._failure
                    if self._ended:
                        return None
                    self._arrived.clear()
                    await self._arrived.wait()
            finally:
                self._end_waiting()
            self._turn_began = self._loop.time()
        return self._taken()

    async def hand(self, take: Take) -> bool:
        """Let `take` have what comes, in the turn of the loop that has read the socket and without a step of the
        task that awaits this, until it says no or nothing more comes. It raises nothing, and runs in the context
        of whoever reads. False if there is something for `next`, or others wait for the same already."""
        if self._events or self._ended or self._waiting:
            return False
        self._begin_to_wait()
        self._taker, self._handing = take, self._loop.create_future()
        try:
            await self._handing
        finally:
            self._taker = self._handing = None
            self._end_waiting()
        return True

    def _begin_to_wait(self) -> None:
        if self._waiting == 0:
            self._waits_since = self._loop.time()
        self._waiting += 1

    def _end_waiting(self) -> None:
        # Also when the waiting is cancelled: the limit of silence must not run while nobody waits. Tasks may share
        # a stream, and while one of them still waits it runs on, from when the first began.
        self._waiting -= 1
        if self._waiting == 0:
            self._waits_since = None

    def take(self) -> list[Event] | None:
        """What has come already; None when nothing has, or when it is the turn of others. `next` waits."""
        if not self._events or self._loop.time() - self._turn_began >= TURN_SECONDS:
            return None
        return self._taken()

    def _taken(self) -> list[Event]:
        if self._one_by_one:
            taken = [self._events.pop(0)]
        else:
            taken, self._events = self._events, []
        self._buffered = self._buffered - len(taken[0].data) if self._events else 0
        if self._paused and not self._is_full():
            self._paused = False
            self._source.resume()
        return taken

    async def aclose(self) -> None:
        """Stop reading and close the socket, whatever state the answer is in."""
        if self._timer is not None:
            self._timer.cancel()
        # Ended before the source is stopped: whoever waits in `next` hears of an end, and a failure that comes of
        # closing under it is nobody's.
        self._end(None)
        await self._source.aclose()

    # --- what the source tells

    def on_bytes(self, chunk: bytes) -> None:
        if self._ended:
            return
        self._last_activity = self._loop.time()
        try:
            events = self._decoder.feed(chunk)
        except Exception as failure:
            self._end(failure_of(failure, self._hide))
            self._source.leave()
            return
        if events:
            self._gets(events)

    def on_end(self, failure: Exception | None) -> None:
        if failure is None and not self._ended:
            try:
                if (last := self._decoder.finish()) is not None:
                    self._gets([last])
            except Exception as broken:
                failure = broken
        self._end(None if failure is None else failure_of(failure, self._hide))

    def _is_full(self) -> bool:
        return len(self._events) >= MAX_BUFFERED_EVENTS or self._buffered >= MAX_BUFFERED_CHARACTERS

    def _gets(self, events: list[Event]) -> None:
        self._any_event = True
        if self._record is not None:
            self._record(events)
        take, handing = self._taker, self._handing
        if handing is None or handing.done() or self._waiting > 1:
            take = None  # whoever was cancelled takes nothing more, and nobody while others wait beside them
        if take is not None and len(events) == 1:
            # Past the buffer, in which nothing is while somebody takes.
            if not take(events):
                self._ring()
            return
        self._events += events
        self._buffered += sum([len(event.data) for event in events])
        # A chunk may go beyond the limit, once.
        if not self._paused and self._is_full():
            self._paused = True
            self._source.pause()
        if take is not None:
            # As a task would that was woken for them: one turn after the other, until it is that of others.
            self._turn_began = self._last_activity
            while (some := self.take()) is not None and take(some):
                if not self._events:
                    return
        self._ring()

    def _ring(self) -> None:
        self._arrived.set()
        if self._handing is not None and not self._handing.done():
            self._handing.set_result(None)

    def _end(self, failure: Exception | None) -> None:
        """The first reason counts."""
        if not self._ended:
            self._ended = True
            self._failure = failure
            if self._attempt is not None:
                self._attempt.ends()
            self._ring()

    # --- the limits

    def _watch(self) -> None:
        """One timer for all limits. It is set anew when it fires, not at each event."""
        if self._ended:
            return
        waits = self._waits_since
        silent_since = None if waits is None else max(waits, self._last_activity)
        end = self._deadlines.for_event(silent_since, any_event=self._any_event)
        time = self._loop.time()
        if end is not None and time >= end[0]:
            # In this order, since the first reason counts.
            self._end(self._deadlines.passed(end[1], time))
            self._source.leave()
            return
        # Silence begins to count when somebody waits; look again within its limit.
        looks = [] if end is None else [end[0]]
        if (idle := self._deadlines.idle) is not None:
            looks.append(time + max(idle, SHORTEST_LOOK_SECONDS))
        if looks:
            self._timer = self._loop.call_at(min(looks), self._watch)
