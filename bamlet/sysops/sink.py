"""What a running call shows to the host: partial values, text, ticks and resets, on their way to one consumer.

A partial value is built when somebody looks. By default only the newest is kept for a consumer that is busy; a
consumer that wants every one gets a short queue, and while it is full the stream waits, and with it the socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol, TypeAlias

from ..types.nothing import NOTHING
from .bell import Bell
from .host_failure import HostFailure
from .stream_events import Arguments, Delta, Done, Partial, Reset, Said, StreamEvent, Tick
from .views import Source, View

QUEUE_LENGTH = 64  # partials that may wait for a consumer that wants every one

Mode: TypeAlias = Literal["none", "latest", "every", "deltas", "all"]
Callback: TypeAlias = "Callable[[Any], Awaitable[None] | None]"


class Told(Protocol):
    """What a model says, while it says it."""

    @property
    def reasoning(self) -> str: ...

    def new_chunks(self) -> list[Any]: ...


class Speaker(Protocol):
    """Who is heard: see `voices`. It knows what can tell what became of its answer."""

    @property
    def answer(self) -> Told | None: ...

    @property
    def reporter(self) -> Source | None: ...


class Sink:
    """One call's way out for what it shows. Without a consumer and callbacks it costs nothing."""

    __slots__ = (
        "_agents",
        "_arrived",
        "_attempts",
        "_called",
        "_closed",
        "_offered",
        "_on_delta",
        "_on_event",
        "_on_partial",
        "_on_reset",
        "_on_tick",
        "_paused",
        "_queue",
        "_shown_text",
        "_taken",
        "_ticks",
        "_told_pieces",
        "_unread",
        "first",
        "missed",
        "mode",
        "speaker",
        "view",
        "wants_agents",
        "wants_text",
        "wants_ticks",
    )

    def __init__(
        self,
        mode: Mode = "none",
        *,
        view: View | None = None,
        ticks: bool = False,
        on_partial: Callback | None = None,
        on_delta: Callback | None = None,
        on_tick: Callback | None = None,
        on_reset: Callback | None = None,
        agents: bool = False,
        on_event: Callback | None = None,
    ) -> None:
        self.mode = mode
        self._agents = agents
        self._on_event = on_event
        self._ticks = ticks
        self._on_partial = on_partial
        self._on_delta = on_delta
        self._on_tick = on_tick
        self._on_reset = on_reset
        self._queue: list[StreamEvent] = []
        self._offered: Source | None = None
        self._called = View() if on_partial is not None else _UNASKED
        self.view = view or View()
        self.speaker: Speaker | None = None
        self.first: Speaker | None = None
        self._shown_text = False
        self._told_pieces = False
        self._attempts = 0
        self._closed = False
        self._unread = False
        self.missed = False
        self._paused = False
        self._arrived = Bell()
        self._taken = Bell()
        # Asked with each event.
        self.wants_agents = agents or on_event is not None
        """Whether anybody hears what agents do, and the pieces of what models say."""
        self.wants_text = mode in ("deltas", "all") or on_delta is not None
        self.wants_ticks = ticks or on_tick is not None

    # --- from the program

    async def offer(self, source: Source) -> None:
        if self._on_partial is not None:
            value = self._called.look(source)
            if value is not NOTHING:
                await _call_host(self._on_partial, value)
        if self.mode == "latest":
            # The source and not its value: that is made when the consumer takes it, of the newest state.
            self._offered = source
            self._arrived.set()
        elif self.mode in ("every", "all"):
            # The value now, before there may be a wait for room: the source will have gone on by then.
            value = self.view.look(source)
            if value is not NOTHING:
                await self._put(Partial(value, self.view.replaced))
        # Who waits for the value is not held up by who has gone away. A loop is dropped when somebody collects it,
        # so its word may come after `pass_unread`, and nobody would ever take it back.
        while self._paused and not self._unread:
            self._taken.clear()
            await self._taken.wait()

    def offer_now(self, source: Source) -> bool:
        """`offer`, if nobody has to be waited for."""
        if self._on_partial is not None or (self._paused and not self._unread):
            return False
        if self.mode == "latest":
            self._offered = source
            self._arrived.set()
        elif self.mode in ("every", "all"):
            if len(self._queue) >= QUEUE_LENGTH or self._offered is not None:
                return False
            value = self.view.look(source)
            if value is not NOTHING:
                assert not self._closed, "shown after the end of the program"
                self._queue.append(Partial(value, self.view.replaced))
                self._arrived.set()
        return True

    async def delta(self, text: str) -> None:
        if self._on_delta is not None:
            self._shown_text = True
            await _call_host(self._on_delta, text)
        if self.mode in ("deltas", "all"):
            self._shown_text = True
            await self._put(Delta(text))

    async def tick(self, events: list[Any]) -> None:
        if self._on_tick is not None:
            await _call_host(self._on_tick, events)
        if self._ticks:
            await self._put(Tick(events))

    async def tell(self, event: Said | Arguments | Done) -> None:
        """Whoever hears what agents do."""
        self._told_pieces = self._told_pieces or isinstance(event, Said)
        if self._agents:
            await self._put(event)
        if self._on_event is not None:
            await _call_host(self._on_event, event)

    async def begin_attempt(self, reason: str = "", client: str | None = None) -> None:
        """A value that was offered and not taken was never shown; what was shown is taken back."""
        self._attempts += 1
        # Before anything is awaited: a consumer that comes meanwhile must not be shown it after all.
        self._offered = None
        if self._on_reset is not None and (self._called.has_given or self._shown_text):
            await _call_host(self._on_reset, self._attempts)
        reset = Reset(self._attempts, reason, client)
        shown = self.view.has_given or (self._shown_text and self.mode in ("deltas", "all"))
        if shown or (self._agents and self._told_pieces):
            await self._put(reset)
        if self._on_event is not None and self._told_pieces:
            await _call_host(self._on_event, reset)
        # Only when the consumer is sure to hear of it. If this task is stopped while it waits for room, the next
        # attempt still knows that something is to be taken back.
        self._called.forget()
        self.view.forget()
        self._shown_text = self._told_pieces = False

    @property
    def reasoning(self) -> str:
        """What the model has thought so far, by its provider's account and in the text."""
        heard = self._heard
        if heard is None:
            return ""
        told = heard.answer.reasoning if heard.answer is not None else ""
        written: str = heard.reporter.reasoning if heard.reporter is not None else ""
        # Mostly there is neither, and a server asks with each event.
        return f"{told}\n{written}" if told and written else told or written

    @property
    def reporter(self) -> Source | None:
        """What can tell what became of the answer that is heard."""
        return self._heard.reporter if self._heard is not None else None

    @property
    def _heard(self) -> Speaker | None:
        return self.speaker or self.first

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks at values on their way."""
        reads = self.mode in ("latest", "every", "all") and not self._unread
        return reads or self._on_partial is not None

    @property
    def wants_every(self) -> bool:
        return self.mode == "every"

    async def _put(self, event: StreamEvent) -> None:
        """Waits while the queue is full, and with it the program, the reader of its stream and the socket."""
        while len(self._queue) >= QUEUE_LENGTH:
            if self._unread:
                self.missed = True
                del self._queue[0]
            else:
                self._taken.clear()
                await self._taken.wait()
        # Offered before, so shown before. Not until there is room: the consumer may have taken it meanwhile.
        if (partial := self._take_offered()) is not None:
            self._queue.append(partial)
        assert not self._closed, "shown after the end of the program"
        self._queue.append(event)
        self._arrived.set()

    def _take_offered(self) -> Partial | None:
        source, self._offered = self._offered, None
        if source is None:
            return None
        value = self.view.look(source)
        return None if value is NOTHING else Partial(value, self.view.replaced)

    # --- from the consumer

    def pass_unread(self) -> None:
        """Nobody reads while the value is waited for, so nobody would make room: the oldest give way."""
        self._unread = True
        self._taken.set()

    def hold_unread(self) -> None:
        """Somebody reads now, and gets everything that comes from here on."""
        self._unread = False

    async def next(self) -> StreamEvent | None:
        """The next thing to show, waiting for it; None when the program has ended."""
        while True:
            # In this order: what was shown before the end comes before it.
            if (event := self._take()) is not None:
                return event
            if self._closed:
                return None
            await self.more()

    def batch(self) -> list[StreamEvent] | None:
        """All there is to show, which may be nothing; None when the program has ended. See `more`."""
        batch, self._queue = self._queue, []
        if batch:
            self._taken.set()
        # Last, as it was offered behind all that waits: else it would have been put before them.
        if self._offered is not None and (offered := self._take_offered()) is not None:
            batch.append(offered)
        return None if self._closed and not batch else batch

    def more(self) -> Awaitable[None]:
        """To be awaited at once by who has looked and found nothing: until there is more, or the end. First
        looked, then cleared: what came before the look is taken by it, so the ring cleared here tells nothing new.
        """
        self._arrived.clear()
        return self._arrived.wait()

    def _take(self) -> StreamEvent | None:
        if self._queue:
            self._taken.set()
            return self._queue.pop(0)
        return self._take_offered()

    def pause(self) -> None:
        """The consumer has gone away and may come back: the stream waits at its next value. From any thread."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._taken.set()

    def close(self) -> None:
        """The program has ended: the consumer gets what is left, and then the end."""
        self._closed = True
        self._arrived.set()


async def _call_host(callback: Callback, value: Any) -> None:
    try:
        result = callback(value)
        if result is not None:
            await result
    except Exception as failure:
        raise HostFailure(failure) from failure


_UNASKED = View()  # of sinks that nobody has given `on_partial`
