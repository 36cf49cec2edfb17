"""A server that speaks as the providers do: from a cassette, inventing what is asked for, or passing on to one.

An ASGI application; whoever serves it brings the sockets.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..embed.cassettes import SecretInCassette, replay_transport
from ..embed.outside import OutsideModel, OutsideRequest
from ..providers.offline import refused
from ..records import dataclass, field
from ..wire.message import InvalidRequest, NoSuchAnswer, Request, Response, TransportError
from ..wire.redact import hide, redact_headers, strangers_secrets
from ..wire.replay import NotRecorded, ReplayTransport

if TYPE_CHECKING:
    from ..embed.runtime import Transport

Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
Headers: TypeAlias = tuple[tuple[str, str], ...]

_DIALECTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:/v1)?/chat/completions"), "openai"),
    (re.compile(r"(?:/v1)?/responses"), "openai-responses"),
    (re.compile(r"(?:/v1)?/messages"), "anthropic"),
    (re.compile(r"(?:/v1(?:beta|alpha)?\d*)?/models/[^/]+:(?:streamG|g)enerateContent"), "google"),
    (re.compile(r"/api/chat"), "ollama"),
)
_FRAMING = ("content-length", "transfer-encoding", "connection", "date", "server")
_OF_THE_CONNECTION = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding")


@dataclass(frozen=True, slots=True)
class Played:
    """A cassette answers. `endless` plays each exchange again and again."""

    cassette: Path
    speed: float = 1.0
    endless: bool = False


@dataclass(frozen=True, slots=True)
class PassedOn:
    """A provider at an address answers, over a transport that may record it."""

    address: str
    transport: Transport

    def url(self, path: str) -> str:
        base = self.address.rstrip("/")
        return f"{base}{path.removeprefix('/v1') if base.endswith('/v1') else path}"


@dataclass(slots=True)
class MockServer:
    """`requests` is what was asked, keys hidden; `problem` is what the end of a recording has told.

    Raises `OSError` and `CassetteError` for what cannot be played.
    """

    source: Played | PassedOn | OutsideModel
    requests: list[dict[str, Any]] = field(default_factory=list)
    problem: SecretInCassette | None = None
    _tape: ReplayTransport | None = None
    _secrets: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was asked, and play a cassette from its beginning."""
        self.requests.clear()
        if isinstance(source := self.source, Played):
            self._tape = replay_transport(source.cassette, source.speed, endless=source.endless)

    def answer_from(self, source: Played | PassedOn | OutsideModel) -> None:
        self.source, self._tape = source, None
        self.reset()

    def unused(self) -> list[str]:
        left = self._tape.unused() if self._tape is not None else ()
        return [f"{one.request.method} {one.request.url}" for one in left]

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        if scope["type"] != "http":
            return
        asked = await _asked(scope, receive)
        if asked.path.startswith("/_mock/"):
            await self._tell(asked.path.removeprefix("/_mock/"), send)
        elif asked.path.removeprefix("/v1") == "/models" and asked.method == "GET":
            await _json(send, 200, {"object": "list", "data": [{"id": "offline", "object": "model"}]})
        else:
            self.requests.append(asked.shown())
            # A client that leaves takes its answer along: it may be one that would never have ended.
            work = asyncio.create_task(self._answer(asked, send))
            gone = asyncio.create_task(_gone(receive))
            try:
                await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                # Waited for before we return: the server takes `receive` and `send` back then, and hands the
                # connection to the next request, into which a task that has not let go would speak.
                gone.cancel()
                work.cancel()
                await asyncio.wait({work, gone})
            if not work.cancelled():
                work.result()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if isinstance(self.source, PassedOn):
            try:
                await self.source.transport.aclose()
            except SecretInCassette as failure:
                self.problem = failure
        await send({"type": "lifespan.shutdown.complete"})

    async def _tell(self, what: str, send: Send) -> None:
        if what == "reset":
            self.reset()
        told = {"requests": self.requests, "unused": self.unused(), "reset": []}
        await _json(send, 200 if what in told else 404, told.get(what))

    async def _answer(self, asked: _Asked, send: Send) -> None:
        try:
            response = await self._opened(asked)
        except NotRecorded as missing:
            await _refuse(send, asked, 404, str(missing))
            return
        except SecretInCassette as failure:  # in the request itself, which is not sent
            self.problem = failure
            await _refuse(send, asked, 400, str(failure))
            return
        except InvalidRequest as failure:
            await _refuse(send, asked, 400, str(failure))
            return
        except TransportError as failure:
            await _refuse(send, asked, 500, str(failure))
            return
        await _start(send, response.status, response.headers)
        try:
            async for chunk in response.chunks():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TransportError:
            return  # an answer that is never ended: the server closes the connection under it
        finally:
            await response.aclose()
        await send({"type": "http.response.body", "body": b""})

    async def _opened(self, asked: _Asked) -> Response:
        if self._tape is not None:
            return await _played(self._tape, asked)
        if isinstance(self.source, PassedOn):
            headers = tuple(pair for pair in asked.headers if pair[0] not in _OF_THE_CONNECTION)
            url = self.source.url(asked.place)
            # A later answer, too, may say back what an earlier request has sent.
            self._secrets |= strangers_secrets(url, headers)
            request = Request(asked.method, url, headers, asked.body, secrets=tuple(self._secrets))
            return await self.source.transport.open(request, connect_timeout=10)
        assert isinstance(self.source, OutsideModel)
        if asked.dialect is None:
            raise NotRecorded(f"nothing answers at {asked.path}")
        if not isinstance(asked.data, dict):
            raise NoSuchAnswer("the body of a request to a model is a JSON object, and this is none")
        return await self.source.open(OutsideRequest(asked.dialect, asked.data, asked.streams))


async def _played(tape: ReplayTransport, asked: _Asked) -> Response:
    """A path matches with `/v1` before it and without. Raises `NotRecorded`, which tells of its own place."""
    missing: NotRecorded | None = None
    for place in dict.fromkeys((asked.place, asked.place.removeprefix("/v1"), f"/v1{asked.place}")):
        try:
            request = Request(asked.method, f"http://mock{place}", asked.headers, asked.body)
            return await tape.open(request, connect_timeout=None)
        except NotRecorded as failure:
            missing = missing or failure
    assert missing is not None
    raise missing


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as it came; `place` is its path with the query."""

    method: str
    path: str
    place: str
    headers: Headers
    body: bytes
    data: Any

    @property
    def dialect(self) -> str | None:
        return next((name for pattern, name in _DIALECTS if pattern.fullmatch(self.path)), None)

    @property
    def streams(self) -> bool:
        said = self.data.get("stream") if isinstance(self.data, dict) else None
        if self.dialect == "ollama":
            return said is not False
        return said is True or "streamGenerateContent" in self.path

    def shown(self) -> dict[str, Any]:
        secrets = strangers_secrets(self.place, self.headers)
        return {
            "method": self.method,
            "path": hide(self.path, secrets),
            "headers": {name: hide(value, secrets) for name, value in redact_headers(self.headers)},
            "body": json.loads(hide(json.dumps(self.data), secrets)),
        }


async def _asked(scope: Mapping[str, Any], receive: Receive) -> _Asked:
    body = b"".join([part async for part in _parts(receive)])
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    query = scope["query_string"].decode("latin-1")
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    path = scope["path"]
    return _Asked(scope["method"], path, f"{path}{'?' if query else ''}{query}", headers, body, data)


async def _parts(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, asked: _Asked, status: int, message: str) -> None:
    """The provider's own form of an error, with our words in it."""
    error = json.loads(refused(asked.dialect or "openai", status).parts[0])
    await _json(send, status, _with_message(error, message))


def _with_message(error: Any, message: str) -> Any:
    if isinstance(error, dict):
        return {
            key: message
            if key == "message" or (key == "error" and isinstance(value, str))
            else _with_message(value, message)
            for key, value in error.items()
        }
    return error


async def _start(send: Send, status: int, headers: Headers) -> None:
    # Lengths are those of the recording; what is sent here is framed anew.
    kept = [(n.encode("latin-1"), v.encode("latin-1", "replace")) for n, v in headers if n not in _FRAMING]
    await send({"type": "http.response.start", "status": status, "headers": kept})


async def _json(send: Send, status: int, value: Any) -> None:
    await _start(send, status, (("content-type", "application/json"),))
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})
