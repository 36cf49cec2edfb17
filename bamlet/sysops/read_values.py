"""Values that are read from what a model says, whole or while it says it, and what is to be told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..providers import SpokenCalls
from ..records import replace
from ..sap import MIN_PIECE, Entry, PartialParser, Pauses, Report
from .answers import Answer
from .views import SkeletonState, Source


class ReadValue(Source):
    """What tells what became of an answer, of which a part may be missing."""

    __slots__ = ("_missed", "_report")

    def __init__(self, report: Report | None = None) -> None:
        self._report = report or Report()
        self._missed: tuple[Entry, ...] = ()

    def miss(self, answer: Answer, hide: Callable[[str], str]) -> None:
        """What is not there of the answer or could not be read, for nobody can tell what the value lacks then."""
        short, unread = answer.stopped_short(hide), answer.unread(hide)
        if short is None and not unread and answer.end_is_told:
            self._missed = ()  # as of most
            return
        reasons = [*([] if short is None else [short]), *unread]
        # A doubt and no loss: some servers never say it.
        untold = [] if answer.end_is_told else ["the provider does not say why the answer has ended"]
        self._missed = (
            *(Entry("dropped", "$", reason, lossy=True) for reason in reasons),
            *(Entry("dropped", "$", reason) for reason in untold),
        )

    def report(self) -> Report:
        report = self._read()
        if not self._missed:
            return report
        return replace(report, entries=(*self._missed, *report.entries))

    def _read(self) -> Report:
        return self._report


class PartialValue(ReadValue):
    """A value while its text arrives; also what a stream shows.

    A piece of text as long as a whole answer waits until it can be read with pauses: `catching_up` comes before
    what has to know all of the text.
    """

    __slots__ = ("_make_parser", "_parser", "_unread", "_unseen", "_waiting")

    def __init__(self, make_parser: Callable[[], PartialParser]) -> None:
        super().__init__()
        self._make_parser = make_parser
        self._parser = make_parser()
        self._unread: str | None = None
        self._waiting: list[str] = []
        self._unseen = 0  # characters since the last snapshot

    def reset(self) -> None:
        """Forget what was fed."""
        self._parser = self._make_parser()
        self._waiting = []
        self._unseen = 0

    def feed(self, text: str) -> bool:
        size = len(text)
        if self._waiting or (size > MIN_PIECE and self._is_long(size)):
            self._waiting.append(text)
            return True
        self._unseen += size
        return bool(text) and self._parser.feed(text)

    @property
    def is_behind(self) -> bool:
        if self._waiting or (self._unseen > MIN_PIECE and self._is_long(self._unseen)):
            return True
        return not self._parser.is_settled

    def _is_long(self, characters: int) -> bool:
        return characters > self._parser.longest_piece

    def catching_up(self, *, is_watched: bool) -> Pauses[None]:
        """Take in what waits. Where somebody watches, also build what a look will show: a look has no pauses."""
        text = "".join(self._waiting)
        self._waiting.clear()
        for _ in self._parser.feeding(text, is_watched=is_watched):
            if is_watched:
                yield from self._parser.settling()
                self._parser.partial()
            yield
        if is_watched:
            yield from self._parser.settling()
            self._parser.partial()
        self._unseen = 0

    def finishing(self, *, truncated: bool, strict: bool, is_watched: bool) -> Pauses[Any]:
        """The final value of all that was fed, with pauses. Raises `ParseFailure`."""
        yield from self.catching_up(is_watched=is_watched)
        parsed = yield from self._parser.finishing(truncated=truncated, strict=strict)
        if is_watched:
            yield from self._parser.settling()
        return parsed.value

    def snapshot(self) -> Any:
        self._unseen = 0
        return self._parser.partial()

    def finished(self, path: tuple[str, ...]) -> int | None:
        return self._parser.finished(path)

    @property
    def state(self) -> SkeletonState:
        return self._parser.state

    @property
    def era(self) -> int:
        return self._parser.era

    @property
    def reasoning(self) -> str:
        return self._parser.reasoning

    def _read(self) -> Report:
        return self._parser.report()

    async def aclose(self) -> None: ...


class SpokenValue(PartialValue):
    """The value of an answer that may call tools in its text, and is then no value."""

    __slots__ = ("_calls",)

    def __init__(self, make_parser: Callable[[], PartialParser]) -> None:
        super().__init__(make_parser)
        self._calls = SpokenCalls()

    def reset(self) -> None:
        super().reset()
        self._calls = SpokenCalls()

    def feed(self, text: str) -> bool:
        said, _ = self._calls.feed(text)
        return super().feed(said)

    def finishing(self, *, truncated: bool, strict: bool, is_watched: bool) -> Pauses[Any]:
        super().feed(self._calls.end())
        return super().finishing(truncated=truncated, strict=strict, is_watched=is_watched)
