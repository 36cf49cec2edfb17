"""Who of the tasks of a call is heard by its sink: each task says what it shows to a voice of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .sink import Sink, Told
from .stream_events import Arguments, Said
from .views import Source


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


_NOBODYS = Sink()
