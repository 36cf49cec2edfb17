"""Recorded HTTP exchanges: frozen data on one side, JSON Lines on the other, one interaction a line.

The frames of a body are its decoded bytes, cut as they arrived, each with its time. Lines are ASCII,
so that nothing which passes text on can split one at U+2028 or spoil a CR. A line ends with a checksum
of itself; one without is read too, as people write them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Literal, NamedTuple, TypeAlias, TypeVar, get_args

from ..records import dataclass, field

FORMAT_VERSION = 1

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

End: TypeAlias = Literal["clean", "incomplete", "reset", "malformed", "closed"]
"""How the body ended: by itself, in one of the ways to break off, or because we stopped reading."""

_ENDS: dict[str, End] = {end: end for end in get_args(End)}

MAX_DEPTH = 200
"""Of a body that is kept as JSON, and of a line."""
_SUM = "sum"
_SUM_DIGITS = 16

_T = TypeVar("_T")


class CassetteError(ValueError):
    """The text is not a cassette. The message names the line."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """`body` is the JSON of the body. A body that is not JSON is known by its hash alone."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: Json = field(repr=False)
    body_sha256: str


class Frame(NamedTuple):
    """`ms` since the head of the answer."""

    ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """`head_ms` is the time from sending to the head."""

    status: int
    http_version: str
    headers: tuple[tuple[str, str], ...]
    frames: tuple[Frame, ...] = field(repr=False)
    end: End
    head_ms: int = 0

    @property
    def body(self) -> bytes:
        return b"".join(frame.data for frame in self.frames)


@dataclass(frozen=True, slots=True)
class RecordedFailure:
    """No answer came. `error` is the name of the `TransportError`."""

    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Interaction:
    request: RecordedRequest
    outcome: RecordedResponse | RecordedFailure


@dataclass(frozen=True, slots=True)
class Cassette:
    interactions: tuple[Interaction, ...]


def body_json(body: bytes) -> Json:
    """The body as JSON, null if it is not."""
    try:
        value: Json = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if _is_shallow(value) else None


def _is_shallow(value: Json) -> bool:
    """What is read from here on may be walked by functions that call themselves."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return True
    return False


def body_sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def write_cassette(cassette: Cassette) -> str:
    return "".join(map(write_interaction, cassette.interactions))


def write_interaction(interaction: Interaction) -> str:
    """One line, with its end."""
    request = interaction.request
    entry: dict[str, Json] = {
        "v": FORMAT_VERSION,
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": _joined(request.headers),
            "body_sha256": request.body_sha256,
            "body": request.body,
        },
    }
    match interaction.outcome:
        case RecordedResponse() as response:
            entry["response"] = {
                "status": response.status,
                "http_version": response.http_version,
                "headers": [[name, value] for name, value in response.headers],
                "head_ms": response.head_ms,
                "frames": [[frame.ms, base64.b64encode(frame.data).decode()] for frame in response.frames],
                "end": response.end,
            }
        case RecordedFailure() as failure:
            entry["failure"] = {"error": failure.error, "message": failure.message}
    return _json(entry | {_SUM: _checksum(entry)}) + "\n"


def _json(entry: dict[str, Json]) -> str:
    return json.dumps(entry, ensure_ascii=True, separators=(",", ":"))


def _checksum(entry: dict[str, Json]) -> str:
    """Of the entry without it, whatever blanks stand in the line."""
    return hashlib.sha256(_json(entry).encode()).hexdigest()[:_SUM_DIGITS]


def _joined(headers: tuple[tuple[str, str], ...]) -> dict[str, Json]:
    """A request repeats a header hardly ever, and HTTP lets a comma stand for it."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(several) for name, several in values.items()}


def read_cassette(text: str) -> Cassette:
    """Raises `CassetteError`, with the number of the line."""
    interactions = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            interactions.append(_interaction(line))
        except CassetteError as problem:
            raise CassetteError(f"line {number} of the cassette: {problem}") from None
    return Cassette(tuple(interactions))


def _interaction(line: str) -> Interaction:
    try:
        entry = _is(dict, json.loads(line), "the line")
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, CassetteError):
            raise
        raise CassetteError(f"not JSON: {problem}") from None
    if not _is_shallow(entry):
        raise CassetteError(f"nested deeper than {MAX_DEPTH}")
    version = _get(entry, "v", int)
    if version != FORMAT_VERSION:
        raise CassetteError(f"`v` is {version}, and only {FORMAT_VERSION} is known here")
    request = _request(_get(entry, "request", dict))
    outcome: RecordedResponse | RecordedFailure
    if "failure" in entry:
        outcome = _failure(_get(entry, "failure", dict))
    else:
        outcome = _response(_get(entry, "response", dict))
    if (said := entry.pop(_SUM, None)) is not None and said != _checksum(entry):
        raise CassetteError(
            f"its checksum does not fit: the line was changed; take `{_SUM}` away if that was meant"
        )
    return Interaction(request, outcome)


def _request(entry: dict[str, Json]) -> RecordedRequest:
    headers = _get(entry, "headers", dict)
    return RecordedRequest(
        method=_get(entry, "method", str),
        url=_get(entry, "url", str),
        headers=tuple((name, _is(str, value, f"`{name}`")) for name, value in headers.items()),
        body=entry.get("body"),
        body_sha256=_get(entry, "body_sha256", str),
    )


def _response(entry: dict[str, Json]) -> RecordedResponse:
    end = _get(entry, "end", str)
    if end not in _ENDS:
        raise CassetteError(f"`end` is {end!r}, which is none of {', '.join(_ENDS)}")
    return RecordedResponse(
        status=_get(entry, "status", int),
        http_version=_get(entry, "http_version", str),
        headers=tuple(_header(pair) for pair in _get(entry, "headers", list)),
        frames=tuple(_frame(pair) for pair in _get(entry, "frames", list)),
        end=_ENDS[end],
        head_ms=_get(entry, "head_ms", int) if "head_ms" in entry else 0,
    )


def _failure(entry: dict[str, Json]) -> RecordedFailure:
    return RecordedFailure(_get(entry, "error", str), _get(entry, "message", str))


def _header(pair: Json) -> tuple[str, str]:
    match pair:
        case [str(name), str(value)]:
            return name, value
    raise CassetteError("a header is not a pair of strings")


def _frame(pair: Json) -> Frame:
    match pair:
        case [int(ms), str(data)]:
            try:
                return Frame(ms, base64.b64decode(data, validate=True))
            except binascii.Error as problem:
                raise CassetteError(f"a frame is not base64: {problem}") from None
    raise CassetteError("a frame is not a pair of milliseconds and base64")


_KINDS = {dict: "an object", list: "an array", str: "a string", int: "a number"}


def _get(entry: dict[str, Json], name: str, kind: type[_T]) -> _T:
    if name not in entry:
        raise CassetteError(f"`{name}` is missing")
    return _is(kind, entry[name], f"`{name}`")


def _is(kind: type[_T], value: object, what: str) -> _T:
    if not isinstance(value, kind):
        raise CassetteError(f"{what} is not {_KINDS[kind]}")
    return value
