"""A server that speaks as the providers do: from a cassette, or inventing what a schema asks for.

An ASGI application; whoever serves it brings the sockets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ..embed.cassettes import replay_transport
from ..providers.offline import Said, framed, pieces_of, refused
from ..sap.dice import Dice
from ..sap.invent_schema import invent_schema
from ..wire.message import Request, TransportError
from ..wire.redact import redact_headers
from ..wire.replay import NotRecorded, ReplayTransport

Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

_DIALECTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:/v1)?/chat/completions"), "openai"),
    (re.compile(r"(?:/v1)?/responses"), "openai-responses"),
    (re.compile(r"(?:/v1)?/messages"), "anthropic"),
    (re.compile(r"(?:/v1(?:beta|alpha)?\d*)?/models/[^/]+:(?:streamG|g)enerateContent"), "google"),
    (re.compile(r"/api/chat"), "ollama"),
)
_HELLO = "Hello from nobody."


@dataclass(slots=True)
class MockServer:
    """`cassette` or, without one, `seed` says what is answered. `requests` is what was asked, keys hidden."""

    cassette: Path | None = None
    seed: int = 0
    speed: float = 1.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    _tape: ReplayTransport | None = None

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was asked, and play the cassette from its beginning. Raises `OSError`, `CassetteError`."""
        self.requests.clear()
        self._tape = replay_transport(self.cassette, self.speed) if self.cassette is not None else None

    def unused(self) -> list[str]:
        left = self._tape.unused() if self._tape is not None else ()
        return [f"{one.request.method} {one.request.url}" for one in left]

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        path, method = scope["path"], scope["method"]
        if path.startswith("/_mock/"):
            await self._tell(path.removeprefix("/_mock/"), send)
        elif path.removeprefix("/v1") == "/models" and method == "GET":
            await _json(send, 200, {"object": "list", "data": [{"id": "offline", "object": "model"}]})
        else:
            await self._answer(scope, body, send)

    async def _tell(self, what: str, send: Send) -> None:
        if what == "reset":
            self.reset()
        told = {"requests": self.requests, "unused": self.unused(), "reset": []}
        await _json(send, 200 if what in told else 404, told.get(what))

    async def _answer(self, scope: Mapping[str, Any], body: bytes, send: Send) -> None:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        dialect = next((name for pattern, name in _DIALECTS if pattern.fullmatch(scope["path"])), None)
        asked = _loaded(body)
        self.requests.append(
            {
                "method": scope["method"],
                "path": scope["path"],
                "headers": dict(redact_headers(headers)),
                "body": asked,
            }
        )
        if self._tape is not None:
            await self._play(self._tape, scope, headers, body, dialect or "openai", send)
        elif dialect is None:
            await _json(
                send, 404, {"error": {"message": f"nothing answers at {scope['path']}", "type": "not_found"}}
            )
        else:
            await _send(send, *self._invented(dialect, scope["path"], asked if isinstance(asked, dict) else {}))

    def _invented(self, dialect: str, path: str, asked: dict[str, Any]) -> tuple[int, Any, Any]:
        schema = _schema_of(asked)
        text = _HELLO
        if schema is not None:
            dice = Dice(self.seed, json.dumps(asked, sort_keys=True))
            text = json.dumps(invent_schema(schema, dice), ensure_ascii=False)
        streams = "streamGenerateContent" in path or asked.get("stream") is True
        streams = streams or (dialect == "ollama" and asked.get("stream") is not False)
        said = Said(pieces_of(text, 4), model=str(asked.get("model", "offline")), asked=len(json.dumps(asked)))
        sent = framed(dialect, said, streams=streams)
        return sent.status, sent.headers, sent.parts

    async def _play(
        self, tape: ReplayTransport, scope: Mapping[str, Any], headers: Any, body: bytes, dialect: str, send: Send
    ) -> None:
        """The recorded answer, as it was cut and paced. A path matches with `/v1` before it and without."""
        query = scope["query_string"].decode("latin-1")
        path = scope["path"]
        problem = ""
        for tried in dict.fromkeys((path, path.removeprefix("/v1"), f"/v1{path}")):
            request = Request(scope["method"], f"http://mock{tried}{'?' if query else ''}{query}", headers, body)
            try:
                response = await tape.open(request, connect_timeout=None)
            except NotRecorded as missing:
                problem = problem or str(missing)
                continue
            except TransportError as failure:
                problem = str(failure)
                break
            await _start(send, response.status, response.headers)
            try:
                async for chunk in response.chunks():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            finally:
                await response.aclose()
            await send({"type": "http.response.body", "body": b""})
            return
        miss = refused(dialect, 404)
        told = json.loads(miss.parts[0])
        await _json(send, 404, _with_message(told, problem))


def _with_message(error: Any, message: str) -> Any:
    """The provider's own form of an error, with our words in it."""
    if isinstance(error, dict):
        return {
            key: message
            if key == "message" or (key == "error" and isinstance(value, str))
            else _with_message(value, message)
            for key, value in error.items()
        }
    return error


def _schema_of(asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the answer is to look like, in the words of any dialect."""
    ways = (
        ("response_format", "json_schema", "schema"),
        ("text", "format", "schema"),
        ("output_config", "format", "schema"),
        ("generationConfig", "responseJsonSchema"),
        ("generationConfig", "responseSchema"),
        ("format",),
    )
    for way in ways:
        found: Any = asked
        for step in way:
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            return found
    return None


def _loaded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _start(send: Send, status: int, headers: Any) -> None:
    # Lengths are those of the recording; what is sent here is framed anew.
    kept = [(n.encode(), v.encode("latin-1", "replace")) for n, v in headers if n not in _FRAMING]
    await send({"type": "http.response.start", "status": status, "headers": kept})


_FRAMING = ("content-length", "transfer-encoding", "connection", "date", "server")


async def _send(send: Send, status: int, headers: Any, parts: Any) -> None:
    await _start(send, status, headers)
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _json(send: Send, status: int, value: Any) -> None:
    await _send(send, status, (("content-type", "application/json"),), (json.dumps(value).encode(),))
