"""Replay: a cassette in, a transport out that answers from it and never touches a network."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from .cassette import (
    Cassette,
    End,
    Frame,
    Interaction,
    Json,
    RecordedFailure,
    RecordedRequest,
    RecordedResponse,
)
from .message import (
    BrokenBody,
    ConnectError,
    ConnectionReset,
    ConnectTimeout,
    InvalidRequest,
    NoAnswer,
    ProtocolError,
    Request,
    TransportError,
)
from .redact import is_secret_query_key, recorded_request

VOLATILE_KEYS = frozenset(
    {
        # A hint for the routing inside the provider, often made anew per process. The answer does not
        # depend on it.
        "prompt_cache_key",
    }
)
"""Keys at the top of a JSON body that need not agree."""

_SHOWN_CHARACTERS = 60

_FAILURES = {
    kind.__name__: kind
    for kind in (TransportError, InvalidRequest, ConnectError, ConnectTimeout, NoAnswer, ProtocolError)
}

_FAILURE_AT_END: dict[End, tuple[type[TransportError], str]] = {
    "incomplete": (BrokenBody, "the recorded answer broke off here"),
    "reset": (ConnectionReset, "the recorded answer was reset here"),
    "malformed": (ProtocolError, "the recorded answer was malformed from here on"),
    "closed": (BrokenBody, "the recording ends here: its reader closed the answer early"),
}


class NotRecorded(TransportError):
    """The cassette has no unused entry for the request."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What must agree. The host may differ, so that a cassette serves under any base URL."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: str

    def is_same_place(self, other: _Key) -> bool:
        return (self.method, self.path, self.query) == (other.method, other.path, other.query)

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.path}{'?' if query else ''}{query}"


class Tape:
    """The entries of a cassette, equal ones in their order: each to be played once, or `endless`ly in turn."""

    def __init__(self, cassette: Cassette, *, endless: bool = False) -> None:
        self._endless = endless
        self._left = [(_key(entry.request), entry) for entry in cassette.interactions]

    def take(self, request: Request) -> Interaction:
        """The first entry left for this request. Raises `NotRecorded`."""
        asked = recorded_request(request)
        key = _key(asked)
        for index, (recorded_key, entry) in enumerate(self._left):
            if recorded_key == key:
                del self._left[index]
                if self._endless:
                    self._left.append((key, entry))
                return entry
        raise NotRecorded(f"{key} is not in the cassette: {self._nearest(key, asked)}")

    def unused(self) -> tuple[Interaction, ...]:
        return tuple(entry for _, entry in self._left)

    def _nearest(self, key: _Key, asked: RecordedRequest) -> str:
        if not self._left:
            return "everything in it has been played"
        same_place = (entry for other, entry in self._left if other.is_same_place(key))
        entry = next(same_place, None)
        if entry is None:
            return f"next in it is {self._left[0][0]}"
        return f"next in it is the same with another body; {_first_difference(asked, entry.request)}"


class ReplayTransport:
    """Answers from the cassette at `speed` times the recorded pace; 0 waits for nothing.

    With `endless` a server can answer the same request again and again.
    """

    unrecorded = None
    """There is nobody to exchange credentials with, and nobody who would look at them."""

    def __init__(
        self,
        cassette: Cassette,
        speed: float,
        sleep: Callable[[float], Awaitable[None]],
        *,
        endless: bool = False,
    ) -> None:
        if speed < 0:
            raise ValueError(f"the speed of a replay cannot be {speed}")
        self._tape = Tape(cassette, endless=endless)
        self._speed = speed
        self._sleep = sleep
        self.played = 0
        self.played_ms = 0
        """How many exchanges were played so far, and how long they took when they were recorded."""

    async def open(self, request: Request, *, connect_timeout: float | None) -> ReplayedResponse:
        """Raises `NotRecorded`, or what was raised when the exchange was recorded."""
        # Taken before anything is awaited: of two equal requests at once each gets an entry of its own.
        outcome = self._tape.take(request).outcome
        self.played += 1
        if isinstance(outcome, RecordedFailure):
            raise _FAILURES.get(outcome.error, TransportError)(outcome.message)
        self.played_ms += outcome.head_ms + (outcome.frames[-1].ms if outcome.frames else 0)
        await self._wait(outcome.head_ms)
        return ReplayedResponse(outcome, self._wait)

    async def aclose(self) -> None:
        """Nothing is held."""

    def unused(self) -> tuple[Interaction, ...]:
        """The entries that were never played."""
        return self._tape.unused()

    async def _wait(self, milliseconds: int) -> None:
        if self._speed and milliseconds > 0:
            await self._sleep(milliseconds / 1000 / self._speed)


class ReplayedResponse:
    """A recorded answer, cut and paced as it came."""

    def __init__(self, recorded: RecordedResponse, wait: Callable[[int], Awaitable[None]]) -> None:
        self.status = recorded.status
        self.http_version = recorded.http_version
        self.headers = recorded.headers
        self._frames: Iterator[Frame] = iter(recorded.frames)
        self._end = recorded.end
        self._wait = wait
        self._closed = False

    async def chunks(self) -> AsyncIterator[bytes]:
        shown_ms = 0
        for frame in self._frames:
            await self._wait(frame.ms - shown_ms)
            if self._closed:
                raise BrokenBody("the answer was closed while it was being read")
            shown_ms = frame.ms
            yield frame.data
        if self._end in _FAILURE_AT_END:
            kind, message = _FAILURE_AT_END[self._end]
            raise kind(message)

    async def aclose(self) -> None:
        self._closed = True


def _key(request: RecordedRequest) -> _Key:
    parts = urlsplit(request.url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = tuple(sorted((name, value) for name, value in pairs if not is_secret_query_key(name)))
    body = request.body_sha256 if request.body is None else _canonical(request.body)
    return _Key(request.method, parts.path or "/", query, body)


def _canonical(body: Json) -> str:
    return json.dumps(_stable(body), sort_keys=True)


def _stable(body: Json) -> Json:
    if isinstance(body, dict):
        return {key: value for key, value in body.items() if key not in VOLATILE_KEYS}
    return body


def _first_difference(asked: RecordedRequest, recorded: RecordedRequest) -> str:
    if asked.body is None or recorded.body is None:
        return "they are not both JSON, so that is all there is to say"
    difference = _difference("body", _stable(asked.body), _stable(recorded.body))
    assert difference is not None, "bodies that agree have the same key"
    return difference


def _difference(path: str, asked: Json, recorded: Json) -> str | None:
    if isinstance(asked, dict) and isinstance(recorded, dict):
        for key in (*recorded, *(key for key in asked if key not in recorded)):
            place = f"{path}.{key}"
            if key not in asked or key not in recorded:
                return f"`{place}` is {'extra' if key in asked else 'missing'}"
            if difference := _difference(place, asked[key], recorded[key]):
                return difference
        return None
    if isinstance(asked, list) and isinstance(recorded, list):
        for index, (one, other) in enumerate(zip(asked, recorded, strict=False)):
            if difference := _difference(f"{path}[{index}]", one, other):
                return difference
        if len(asked) == len(recorded):
            return None
        return f"`{path}` has {len(asked)} items instead of {len(recorded)}"
    return _plain_difference(path, json.dumps(asked), json.dumps(recorded))


def _plain_difference(path: str, asked: str, recorded: str) -> str | None:
    if asked == recorded:
        return None
    # Long texts tend to agree for a while, so they are shown around the first difference.
    pairs = enumerate(zip(asked, recorded, strict=False))
    differs_at = next((index for index, (one, other) in pairs if one != other), 0)
    start = max(0, differs_at - _SHOWN_CHARACTERS // 3)
    return f"`{path}` is {_window(asked, start)} instead of {_window(recorded, start)}"


def _window(text: str, start: int) -> str:
    end = start + _SHOWN_CHARACTERS
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
