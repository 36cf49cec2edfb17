"""What a running call shows to the host: partial values, text, ticks and resets, on their way to one consumer.

A partial value is built when somebody looks. By default only the newest is kept for a consumer that is busy; a
consumer that wants every one gets a short queue, and while it is full the stream waits, and with it the socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol, TypeAlias

from ..records import dataclass, field
from ..types.nothing import NOTHING
from .bell import Bell
from .host_failure import HostFailure
from .views import Source, View

QUEUE_LENGTH = 64  # partials that may wait for a consumer that wants every one


@dataclass(frozen=True, slots=True)
class Partial:
    """`replaced`: the value does not continue the one before it, because another part of the answer was meant."""

    value: Any
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text as the model wrote it."""

    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The events that came together."""

    events: list[Any]


@dataclass(frozen=True, slots=True)
class Reset:
    """What was shown before no longer counts; `attempt` counts from 1. `reason` is why the one before was not
    enough: a `FailedAttempt.cause`, or `begun anew` or `another answer`. `client` is the one that is asked now.
    """

    attempt: int
    reason: str = field(default="", compare=False)
    client: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of what a model says, as a `StreamChunk`."""

    chunk: Any


@dataclass(frozen=True, slots=True)
class Arguments:
    """Of a call that the model is still writing, as far as they go."""

    call_id: str
    tool: str
    value: Any


@dataclass(frozen=True, slots=True)
class Done:
    """Something that an agent has done: see `agent_events`."""

    event: Any


StreamEvent: TypeAlias = Partial | Delta | Tick | Reset | Said | Arguments | Done
Mode: TypeAlias = Literal["none", "latest", "every", "deltas", "all"]
Callback: TypeAlias = "Callable[[Any], Awaitable[None] | None]"


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
        self.speaker: Voice | None = None
        self.first: Voice | None = None
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
        told = heard.answer.reasoning if heard is not None and heard.answer is not None else ""
        written = self.reporter.reasoning if self.reporter is not None else ""
        return "\n".join(filter(None, (told, written)))

    @property
    def reporter(self) -> Source | None:
        """What can tell what became of the answer that is heard."""
        return self._heard.reporter if self._heard is not None else None

    @property
    def _heard(self) -> Voice | None:
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
            self._arrived.clear()
            await self._arrived.wait()

    async def next_batch(self) -> list[StreamEvent]:
        """All there is to show, waiting for something; empty when the program has ended."""
        first = await self.next()
        if first is None:
            return []
        batch = [first, *self._queue]
        self._queue.clear()
        # Last, as it was offered behind all that waits: else it would have been put before them.
        if (offered := self._take_offered()) is not None:
            batch.append(offered)
        return batch

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


class Told(Protocol):
    """What a model says, while it says it."""

    @property
    def reasoning(self) -> str: ...

    def new_chunks(self) -> list[Any]: ...


class Voice:
    """What one task of a call says. Of tasks that run at once one is heard, so that no two answers are mixed.

    Whoever speaks first is heard until it fails or its value is taken. Then another one may be heard, which counts
    as a new attempt: what the first has shown is taken back. What the model thinks, and what becomes of its
    answer, is each one's own too.
    """

    __slots__ = (
        "_client",
        "_outer",
        "_unheard",
        "_unheard_text",
        "answer",
        "read_arguments",
        "reporter",
        "sink",
    )

    # The floor is one field, `sink.speaker`, and is taken before anything is awaited: a task that finds it taken
    # keeps what it has to say, so no two believe that they are heard while a consumer holds one of them up. Every
    # task comes to `hand_over` or to `fall_silent`, which give it back.

    def __init__(self, sink: Sink, outer: Voice | None = None) -> None:
        self.sink = sink
        self._outer = outer
        self._client: str | None = None
        self._unheard: Source | None = None
        self._unheard_text: list[str] = []
        self.reporter: Source | None = None
        self.answer: Told | None = None
        self.read_arguments: Callable[[Any], list[Arguments]] | None = None
        if outer is None:
            sink.first = self

    def inner(self) -> Voice:
        return Voice(self.sink, self)

    def rest(self) -> None:
        """The call is over: who still looks finds us by the sink, and a circle stays until the collector runs."""
        self.sink = _NOBODYS

    async def begin_attempt(self, reason: str = "", client: str | None = None) -> None:
        self._forget()
        self._client = client
        if self._may_speak():
            self.sink.speaker = self
            await self.sink.begin_attempt(reason, client)

    async def partial(self, source: Source) -> None:
        if self.sink.speaker is self or await self._is_heard_now():
            await self._say_chunks()
            await self.sink.offer(source)
        else:
            self._unheard = source

    async def delta(self, text: str) -> None:
        if self.sink.speaker is self or await self._is_heard_now():
            await self._say_chunks()
            await self.sink.delta(text)
        elif self.sink.wants_text:
            self._unheard_text.append(text)

    async def tick(self, events: list[Any]) -> None:
        """Events of an answer that is not heard are not shown later either."""
        if self.sink.speaker is self or await self._is_heard_now():
            await self._say_chunks()
            await self.sink.tick(events)

    async def _say_chunks(self) -> None:
        if self.answer is not None and self.sink.wants_agents:
            for chunk in self.answer.new_chunks():
                await self.sink.tell(Said(chunk))
                for arguments in self.read_arguments(chunk) if self.read_arguments is not None else ():
                    await self.sink.tell(arguments)

    @property
    def has_spoken(self) -> bool:
        """Whether there is anything to hand over."""
        told = self.reporter is not None or self.answer is not None or self._unheard is not None
        return told or self.sink.speaker is self or bool(self._unheard_text)

    async def hand_over(self) -> None:
        """The task has given its value: what it said stands for the one that started it."""
        outer = self._outer
        assert outer is not None
        if self.reporter is not None or self.answer is not None:
            outer.reporter, outer.answer = self.reporter, self.answer
            outer.read_arguments = self.read_arguments
        if self.sink.speaker is self:
            self.sink.speaker = outer
        elif self._unheard is not None or self._unheard_text:
            outer._unheard, outer._unheard_text = self._unheard, self._unheard_text
            if outer._may_speak():
                await outer._take_the_floor()

    def fall_silent(self) -> None:
        """The task has failed or was stopped: another one may be heard."""
        self._forget()
        if self.sink.speaker is self:
            self.sink.speaker = None

    def _may_speak(self) -> bool:
        if self.sink is _NOBODYS:
            return False
        # Those above have started us and wait: what they said was said before, so we go on for them.
        speaker = self.sink.speaker
        voice: Voice | None = self
        while voice is not None and voice is not speaker:
            voice = voice._outer
        return speaker is None or voice is not None

    async def _is_heard_now(self) -> bool:
        if not self._may_speak():
            return False
        await self._take_the_floor()
        return True

    async def _take_the_floor(self) -> None:
        """From here on it is heard, beginning with what it has said already."""
        sink = self.sink
        assert self._may_speak()
        sink.speaker = self
        await sink.begin_attempt("another answer", self._client)
        for text in self._unheard_text:
            await sink.delta(text)
        if self._unheard is not None:
            await sink.offer(self._unheard)
        self._forget()

    def _forget(self) -> None:
        self._unheard = None
        self._unheard_text = []


class Aside(Voice):
    """Of a task that runs while the model above it still speaks: nobody hears it. What agents do in it is told."""

    __slots__ = ()

    def __init__(self, sink: Sink, outer: Voice) -> None:
        super().__init__(sink, outer)

    def inner(self) -> Voice:
        return Aside(self.sink, self)

    @property
    def has_spoken(self) -> bool:
        return False

    async def hand_over(self) -> None:
        """There is nothing."""

    def _may_speak(self) -> bool:
        return False


_UNASKED = View()  # of sinks that nobody has given `on_partial`
_NOBODYS = Sink()
