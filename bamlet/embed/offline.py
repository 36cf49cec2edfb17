"""A model that is nowhere: answers invented from the type, in the wire format of the client that asks.

    runtime = bamlet.Runtime(program, transport=bamlet.OfflineTransport(seed=7))

Prompts are rendered, requests built and answers read as with a real provider; only nobody is asked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from ..prompt import ANSWER_NAME
from ..providers import ToolCall, said_in_words
from ..providers.offline import Framed, Said, framed, pieces_of, refused
from ..records import dataclass, field, replace
from ..sap.dice import Dice
from ..sap.invent import STYLES, Style, invent, written
from ..sap.invent_depths import CannotInvent, refuse_impossible
from ..sysops.asked import AnswerNote
from ..types.show import show
from ..wire.message import BrokenBody, ConnectError, ConnectionReset, NoSuchAnswer, Request, Response, Transport
from .cassettes import ReplayEnvironment
from .faults import Answer, Fault, Where, Wire, chosen, garbage_event, read_fault, spoil, spoil_value

MAX_TRIES = 200
PING = b": ping\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an offline model speaks. `pace` 2 is twice as fast, 0 waits for nothing."""

    seed: int = 0
    faults: tuple[Fault, ...] = ()
    style: Style = "json"
    plain: bool = False
    mixed_checks: bool = False
    chunk: int = 4
    tokens_per_second: float = 80.0
    first_token_ms: float = 300.0
    pace: float = 1.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a script has an answer say. `cut_at` is a share of its text; the times are milliseconds."""

    text: str = ""
    status: int | None = None
    retry_after: float | None = None
    cut_at: float | None = None
    finish: str | None = None
    wait_ms: float = 0.0
    refuse: str | None = None
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class OfflineRequest:
    """What was asked, for a test to look at."""

    function: str
    client: str
    url: str
    body: Any


@dataclass(slots=True)
class _Counters:
    """Attempts by what was asked for."""

    attempts: dict[tuple[str, str], int] = field(default_factory=dict)

    def next(self, note: AnswerNote) -> int:
        key = note.asked.function, note.key
        self.attempts[key] = self.attempts.get(key, 0) + 1
        return self.attempts[key]


class OfflineTransport:
    """Answers every request that asks for an answer of a model, and no other.

    The same seed, function and arguments give the same answers. `faults` are written as on the command line:
    `cut@60%x1`, `429/retry-after=2`. `script` answers first, if it has something for a request.
    """

    unrecorded: Transport | None = None
    asks_nobody = True
    """So clients of the program that ask nobody come here as well."""

    def __init__(
        self,
        seed: int = 0,
        *,
        faults: Sequence[str] = (),
        style: Style = "json",
        plain: bool = False,
        chunk: int = 4,
        tokens_per_second: float = 80.0,
        first_token_ms: float = 300.0,
        pace: float = 1.0,
        script: Callable[[AnswerNote, int], Reply | Answer | None] | None = None,
    ) -> None:
        if style not in STYLES:
            raise ValueError(f"there is no style `{style}`, only {', '.join(STYLES)}")
        self.manner = Manner(
            seed=seed,
            faults=tuple(map(read_fault, faults)),
            style=style,
            plain=plain,
            chunk=chunk,
            tokens_per_second=tokens_per_second,
            first_token_ms=first_token_ms,
            pace=pace,
        )
        self.requests: list[OfflineRequest] = []
        self._script = script
        self._counters = _Counters()

    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        note = request.note
        if not isinstance(note, AnswerNote):
            # Such as a picture for a prompt, or what a program fetches by itself.
            raise ConnectError(f"offline: nobody knows what {request.method} {request.url} would answer")
        self.requests.append(
            OfflineRequest(note.asked.function, note.client.name, request.url, _body(request.body))
        )
        manner = _manner_of(note.client.own, note.client.model, self.manner)
        attempt = self._counters.next(note)
        reply = self._script(note, attempt) if self._script is not None else None
        answer = _answer(note, manner, attempt, reply)
        faults = chosen(manner.faults, attempt, manner.seed, note.asked.function, note.key)
        answer = spoil(faults, _said(note, manner, spoil_value(faults, answer)), note.response_type)
        await _wait(note, answer.wire.seconds)
        if isinstance(reply, Reply):
            await _wait(note, reply.wait_ms / 1000)
        sent = answer.instead or framed(note.response_type, answer.said, streams=note.streams)
        if sent.status == 200:
            await _wait(note, _paced(manner, manner.first_token_ms / 1000))
        return _OfflineResponse(sent, answer.wire, note, manner)

    async def aclose(self) -> None:
        """Nothing is held."""


def _body(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _paced(manner: Manner, seconds: float) -> float:
    return seconds / manner.pace if manner.pace > 0 else 0.0


async def _wait(note: AnswerNote, seconds: float) -> None:
    if seconds > 0:
        await note.sleep(seconds)


def _manner_of(own: Mapping[str, Any], model: str | None, default: Manner) -> Manner:
    """A client of the program may say how it speaks itself; `offline/7` has the seed for a model."""
    said = {name: value for name, value in own.items() if name in Manner.__slots__ and value is not None}
    if "faults" in said:
        said["faults"] = tuple(map(read_fault, said["faults"]))
    if own.get("checks") is not None:
        said["mixed_checks"] = own["checks"] == "mixed"
    if "seed" in own and "seed" not in said and model is not None and model.isdigit():
        said["seed"] = int(model)
    return replace(default, **said) if said else default


# --- what is said


def _answer(note: AnswerNote, manner: Manner, attempt: int, reply: Reply | Answer | None) -> Answer:
    match reply:
        case None:
            return invented(note, manner, attempt)
        case Reply():
            return scripted(note, manner, reply)
        case _:
            return reply


def invented(note: AnswerNote, manner: Manner, attempt: int) -> Answer:
    """The first that reads without loss, and of which everything holds. Raises `NoSuchAnswer`."""
    asked = note.asked
    try:
        refuse_impossible(asked.output, note.schemas)
        lack: str | None = None
        for number in range(MAX_TRIES):
            dice = Dice(manner.seed, asked.function, note.key, attempt, number)
            value = invent(asked.output, note.schemas, dice, plain=manner.plain)
            lack = note.lack(_written(note, manner, value), checked=not manner.mixed_checks)
            if lack is None:
                return Answer(value)
    except CannotInvent as failure:
        raise NoSuchAnswer(f"offline: {show(asked.output)} cannot be invented: {failure}") from None
    raise NoSuchAnswer(f"offline found no {show(asked.output)}: {lack}; give the test a script")


def scripted(note: AnswerNote, manner: Manner, reply: Reply) -> Answer:
    """As it is written, whether it fits or not."""
    said = Said(pieces_of(reply.text, manner.chunk), calls=reply.calls)
    if reply.refuse is not None:
        said = replace(said, pieces=(), refusal=reply.refuse, finish="refusal")
    elif reply.finish is not None:
        finish: Any = reply.finish
        said = replace(said, finish=finish)
    elif reply.calls:
        said = replace(said, finish="tool_calls")
    instead = refused(note.response_type, reply.status, reply.retry_after) if reply.status is not None else None
    wire = Wire() if reply.cut_at is None else Wire("cut", Where(round(100 * reply.cut_at)))
    return Answer(None, said, instead, wire, is_text=True)


def _written(note: AnswerNote, manner: Manner, value: Any) -> str:
    return written(value, "json" if note.mode != "prompt" else manner.style)


def _said(note: AnswerNote, manner: Manner, answer: Answer) -> Answer:
    """The value as text, in the way in which the client has asked for it."""
    said = replace(answer.said, model=note.client.model or "offline", asked=note.size)
    if not answer.is_text:
        text = _written(note, manner, answer.value)
        if note.mode != "prompt" and not isinstance(answer.value, dict):
            text = json.dumps({ANSWER_NAME: answer.value}, ensure_ascii=False)
        said = replace(said, pieces=pieces_of(text, manner.chunk))
    if said.calls and note.client.tool_mode == "prompt":
        text = said_in_words(said.text, said.calls)
        said = replace(said, pieces=pieces_of(text, manner.chunk), calls=(), finish="stop")
    if note.mode == "tool" and said.pieces and not said.calls:
        call = ToolCall("call_offline", ANSWER_NAME, said.text)
        said = replace(said, pieces=(), calls=(call,), finish="tool_calls")
    return replace(answer, said=said)


# --- how it arrives


class _OfflineResponse:
    """The parts of an answer at a model's pace, and what goes wrong with them."""

    http_version = "HTTP/1.1"

    def __init__(self, sent: Framed, wire: Wire, note: AnswerNote, manner: Manner) -> None:
        self.status = sent.status
        self.headers = sent.headers
        self._sent = sent
        self._wire = wire
        self._sleep: Callable[[float], Awaitable[None]] = note.sleep
        self._manner = manner
        self._closed = False

    async def chunks(self) -> AsyncIterator[bytes]:
        for seconds, part in self._parts():
            if seconds > 0:
                await self._sleep(seconds)
            # Asked after the wait, as of a socket: closing wakes nobody here.
            if self._closed:
                raise BrokenBody("the answer was closed while it was being read")
            yield part
        if self._wire.end == "reset":
            raise ConnectionReset("the connection was torn down (a fault)")
        if self._wire.end == "stall":
            await asyncio.Event().wait()

    def _parts(self) -> Iterator[tuple[float, bytes]]:
        """Each part, and how long it takes."""
        manner, sent, said = self._manner, self._sent, 0
        parts = self._kept()
        for number, part in enumerate(parts):
            now = sent.said[number] if number < len(sent.said) else said
            if self._wire.pings and sent.headers[0][1] == "text/event-stream":
                yield 0.0, PING
            if self._wire.garbage and number == len(parts) // 2:
                yield 0.0, garbage_event(sent.headers)
            tokens = (now - said) / 4
            yield _paced(manner, tokens / manner.tokens_per_second), part
            said = now

    def _kept(self) -> tuple[bytes, ...]:
        """The parts before the one in which it ends early; of a whole body the bytes."""
        parts, where = self._sent.parts, self._wire.where
        if self._wire.end is None:
            return parts
        if where.unit == "chunks":
            return parts[: where.count]
        if len(parts) == 1:
            return (parts[0][: where.characters(len(parts[0]))],)
        end = where.characters(self._sent.said[-1] if self._sent.said else 0)
        return parts[: self._last(end)]

    def _last(self, end: int) -> int:
        """How many parts say no more than that, without those that tell that all was said."""
        said = self._sent.said
        whole = said[-1]
        return sum(1 for count in said if count <= end and count < whole) or 1

    async def aclose(self) -> None:
        self._closed = True


# --- for whom the environment decides


def run_seed(seed: int, number: int) -> int:
    """For one of several runs, each of which has a seed of its own."""
    return Dice(seed, number).next()


def offline_environment(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    """No key is read: one that is not set has a stand-in."""
    return ReplayEnvironment(environ)
