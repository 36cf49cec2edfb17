"""How a reader gets the events of a run: which kinds, and written as what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Protocol

from ..embed.log import Entry, Event, Kind, Snapshot
from ..records import dataclass
from .errors import refused
from .events import delta, event, pieces_of, tagged_line, whole_patch, whole_text
from .wire import HEARTBEAT, RETRY, compact, json_line_head, sse, sse_head

KINDS: tuple[Kind, ...] = (
    *("start", "partial", "patch", "delta", "reasoning", "tick", "usage", "reset", "agent", "final", "error"),
)
PRESETS: dict[str, tuple[Kind, ...]] = {
    "typed": ("partial", "reset", "usage"),
    "patches": ("patch", "reset"),
    "all": KINDS,
}
ALWAYS: tuple[Kind, ...] = ("start", "final", "error")


class Form(Protocol):
    """`opening` is written before the first event. Behind what `cuts_off` the body is left without its end.

    What is to be written comes in pieces, each made when it is asked for: a reader that does not take one holds
    none of those behind it.

    Events with numbers can be resumed behind one of them; without, a reader begins at the start."""

    media_type: ClassVar[str]
    headers: ClassVar[Mapping[str, str]]
    is_numbered: ClassVar[bool]

    @property
    def opening(self) -> str: ...

    def entries(self, batch: list[Entry]) -> Iterable[str]: ...

    def snapshot(self, found: Snapshot) -> Iterable[str]: ...

    def silence(self) -> str: ...

    def cuts_off(self, shown: list[Entry] | Snapshot) -> bool: ...


def chosen_kinds(text: str | None, default: str) -> frozenset[Kind]:
    """Of a list of kinds or a preset. Raises `Refused`."""
    names: list[str] = []
    for name in (text or default).split(","):
        names += PRESETS.get(name, (name,))
    known: dict[str, Kind] = {kind: kind for kind in KINDS}
    if unknown := [name for name in names if name not in known]:
        told = f"there is no event `{unknown[0]}`; there are {', '.join(KINDS)}, or values, typed, patches, all"
        raise refused(400, "bad_request", told)
    return frozenset(known[name] for name in names) | frozenset(ALWAYS)


def newest(batch: Iterable[Entry]) -> list[Entry]:
    """Without the values that a newer one of the same batch stands for: so a slow reader skips."""
    kept: list[Entry] = []
    has_newer = False
    for entry in reversed(list(batch)):
        if entry.event.kind == "partial":
            if has_newer:
                continue
            has_newer = True
        kept.append(entry)
    return kept[::-1]


def events_of(found: Snapshot) -> list[Event]:
    """What brings a reader that holds nothing to where the run is, made once for all who stand there."""
    if found.written is None:
        found.written = list(_events_of(found))
    events: list[Event] = found.written
    return events


def _events_of(found: Snapshot) -> Iterator[Event]:
    yield event("reset", {"reason": "compacted"})
    if found.reasoning:
        yield event("reasoning", {"text": found.reasoning})
    if found.text:
        yield delta(found.text)
    if found.partial is not None:
        yield whole_patch(found.partial.data["value"])
        yield found.partial


@dataclass(frozen=True, slots=True)
class _Named:
    """Events by their kinds."""

    kinds: frozenset[Kind]
    rfc6902: bool = False
    has_tags: bool = False

    def write(self, found: Event, seq: int | None) -> Iterator[str]:
        raise NotImplementedError

    def entries(self, batch: list[Entry]) -> Iterator[str]:
        for entry in newest(batch):
            if entry.event.kind in self.kinds:
                yield from self.write(entry.event, entry.seq)

    def snapshot(self, found: Snapshot) -> Iterator[str]:
        wanted = [one for one in events_of(found) if one.kind in self.kinds or one.kind == "reset"]
        # Only the last has the number: a reader that is cut off before it has not got everything.
        last = len(wanted) - 1
        for at, one in enumerate(wanted):
            yield from self.write(one, found.seq if at == last and at > 0 else None)

    def pieces(self, found: Event) -> tuple[str, ...]:
        if self.rfc6902 and found.kind == "patch":
            return (compact({"ops": [change.as_json_patch() for change in found.data["changes"]]}),)
        return (tagged_line(found),) if self.has_tags else pieces_of(found)

    def cuts_off(self, shown: list[Entry] | Snapshot) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class ServerSentEvents(_Named):
    media_type: ClassVar[str] = "text/event-stream"
    headers: ClassVar[Mapping[str, str]] = {}
    is_numbered: ClassVar[bool] = True
    opening: ClassVar[str] = RETRY

    def write(self, found: Event, seq: int | None) -> Iterator[str]:
        yield sse_head(found.kind, seq)
        yield from self.pieces(found)
        yield "\n\n"

    def silence(self) -> str:
        return HEARTBEAT


@dataclass(frozen=True, slots=True)
class Lines(_Named):
    media_type: ClassVar[str] = "application/jsonl"
    headers: ClassVar[Mapping[str, str]] = {}
    is_numbered: ClassVar[bool] = True
    opening: ClassVar[str] = ""

    def write(self, found: Event, seq: int | None) -> Iterator[str]:
        first, *others = self.pieces(found)
        yield json_line_head(found.kind, seq)
        yield first[1:] if first == "{}" else f",{first[1:]}"
        yield from others
        yield "\n"

    def silence(self) -> str:
        return "\n"


@dataclass(frozen=True, slots=True)
class Values:
    """As BAML's server: values without a name. The last one comes once more as `final`, a failure as `error`."""

    media_type: ClassVar[str] = "text/event-stream"
    headers: ClassVar[Mapping[str, str]] = {}
    is_numbered: ClassVar[bool] = True
    opening: ClassVar[str] = RETRY

    def entries(self, batch: list[Entry]) -> Iterator[str]:
        for entry in newest(batch):
            yield from self._write(entry.event, entry.seq)

    def _write(self, found: Event, seq: int) -> Iterator[str]:
        match found.kind:
            case "partial":
                yield from _whole(found, None, seq)
            case "final":
                yield from _whole(found, None, None)
                yield from _whole(found, "final", seq)
            case "error":
                yield sse(found.line, event="error", seq=seq)

    def snapshot(self, found: Snapshot) -> Iterator[str]:
        if found.partial is not None:
            yield from _whole(found.partial, None, found.seq)

    def silence(self) -> str:
        return HEARTBEAT

    def cuts_off(self, shown: list[Entry] | Snapshot) -> bool:
        return False


def _whole(found: Event, event: str | None, seq: int | None) -> Iterator[str]:
    yield sse_head(event, seq)
    yield whole_text(found)
    yield "\n\n"


@dataclass(frozen=True, slots=True)
class Text:
    """The model's text alone. It has no words for a failure or for text that is void: then it breaks off."""

    media_type: ClassVar[str] = "text/plain; charset=utf-8"
    headers: ClassVar[Mapping[str, str]] = {}
    is_numbered: ClassVar[bool] = True
    opening: ClassVar[str] = ""

    def entries(self, batch: list[Entry]) -> Iterator[str]:
        return (entry.event.data["text"] for entry in batch if entry.event.kind == "delta")

    def snapshot(self, found: Snapshot) -> Iterator[str]:
        return iter(())

    def silence(self) -> str:
        return ""

    def cuts_off(self, shown: list[Entry] | Snapshot) -> bool:
        return isinstance(shown, Snapshot) or any(entry.event.kind in ("reset", "error") for entry in shown)
