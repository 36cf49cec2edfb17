"""A stream of server-sent events while it is read: its bounded buffer, and the limits of time that it keeps."""

from __future__ import annotations

import asyncio
from typing import Any

from ..wire.message import Response
from ..wire.sse import Event
from .attempts import Attempt
from .bell import Bell
from .deadlines import Deadlines
from .exchange import content_type, failure_of, now
from .host import Context
from .turns import TURN_SECONDS

MAX_BUFFERED_EVENTS = 1024
MAX_BUFFERED_CHARACTERS = 1 << 20
SHORTEST_LOOK_SECONDS = 0.001


class SseStream:
    """The events of one answer. A task of its own reads ahead into a bounded buffer, so that events which came
    together are handed out together, and a slow consumer stops the socket and not the memory."""

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
        self._response = response
        self._attempt = attempt
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
        self._last_activity = now()
        self._waiting = 0
        self._waits_since: float | None = None
        self._turn_began = self._last_activity
        self._arrived = Bell()
        self._drained = Bell()
        self._timer: asyncio.TimerHandle | None = None
        # Last, since it belongs to nobody until there is a stream to close. It does not run before our caller has
        # put that into its scope: there is no await on the way.
        self._reader = asyncio.create_task(self._read_ahead())
        self._watch()

    def shown(self, events: list[Event]) -> list[Any]:
        """Events as the program and the host see them."""
        make = self._event_class
        return [make(event.event, event.data, event.id) for event in events]

    async def next(self) -> list[Event] | None:
        """What has come, waiting for at least one event; None at the end. A failure comes after the last event."""
        if self._events and now() - self._turn_began >= TURN_SECONDS:
            # Who finds events each time never waits, and holds up all others.
            await asyncio.sleep(0)
            self._turn_began = now()
        if not self._events:
            if self._waiting == 0:
                self._waits_since = now()
            self._waiting += 1
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
                # Also when the waiting is cancelled: the limit of silence must not run while nobody waits. Tasks
                # may share a stream, and while one of them still waits it runs on, from when the first began.
                self._waiting -= 1
                if self._waiting == 0:
                    self._waits_since = None
            self._turn_began = now()
        return self._taken()

    def take(self) -> list[Event] | None:
        """What has come already; None when nothing has, or when it is the turn of others. `next` waits."""
        if not self._events or now() - self._turn_began >= TURN_SECONDS:
            return None
        return self._taken()

    def _taken(self) -> list[Event]:
        if self._one_by_one:
            taken = [self._events.pop(0)]
        else:
            taken, self._events = self._events, []
        self._buffered = self._buffered - len(taken[0].data) if self._events else 0
        # The reader goes on in a later turn, so it sees the buffer as it is now.
        self._drained.set()
        return taken

    async def aclose(self) -> None:
        """Stop reading and close the socket, whatever state the answer is in."""
        if self._timer is not None:
            self._timer.cancel()
        # Ended before the reader is stopped: whoever waits in `next` hears of an end, and a failure that comes of
        # closing under the reader is nobody's.
        self._end(None)
        self._reader.cancel()
        try:
            # Its chunks are a generator that uses the socket, so it leaves first. Its outcome was told by `_end`;
            # `wait` raises none, and nothing but our own cancellation.
            await asyncio.wait({self._reader})
        finally:
            await self._response.aclose()

    # --- the reader

    async def _read_ahead(self) -> None:
        try:
            await self._read_events()
            self._end(None)
        except Exception as failure:
            # Whoever waits for events must hear of it, whatever it is.
            self._end(failure_of(failure, self._hide))

    async def _read_events(self) -> None:
        async for chunk in self._response.chunks():
            self._last_activity = now()
            events = self._decoder.feed(chunk)
            if events:
                self._add(events)
                # Here and not before reading: what has been read is always handed out, and while this waits nobody
                # reads the socket, so the peer is stopped by TCP. A chunk may go beyond the limit, once.
                while len(self._events) >= MAX_BUFFERED_EVENTS or self._buffered >= MAX_BUFFERED_CHARACTERS:
                    self._drained.clear()
                    await self._drained.wait()
        if (last := self._decoder.finish()) is not None:
            self._add([last])

    def _add(self, events: list[Event]) -> None:
        self._events += events
        if self._attempt is not None:
            self._attempt.gets_events(events)
        self._buffered += sum(len(event.data) for event in events)
        self._any_event = True
        self._arrived.set()

    def _end(self, failure: Exception | None) -> None:
        """The first reason counts. A reader that waits for room is not woken: whoever ends it cancels it."""
        if not self._ended:
            self._ended = True
            self._failure = failure
            if self._attempt is not None:
                self._attempt.ends()
            self._arrived.set()

    # --- the limits

    def _watch(self) -> None:
        """One timer for all limits. It is set anew when it fires, not at each event."""
        if self._ended:
            return
        waits = self._waits_since
        silent_since = None if waits is None else max(waits, self._last_activity)
        end = self._deadlines.for_event(silent_since, any_event=self._any_event)
        time = now()
        if end is not None and time >= end[0]:
            # In this order, since the first reason counts: a reader that is cancelled says nothing by itself.
            self._end(self._deadlines.passed(end[1], time))
            self._reader.cancel()
            return
        # Silence begins to count when somebody waits; look again within its limit.
        looks = [] if end is None else [end[0]]
        if (idle := self._deadlines.idle) is not None:
            looks.append(time + max(idle, SHORTEST_LOOK_SECONDS))
        if looks:
            self._timer = asyncio.get_running_loop().call_at(min(looks), self._watch)
