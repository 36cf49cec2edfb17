"""Orchestration without sockets or waiting: a loop whose time jumps, and a transport that answers from a script.

The fakes stand at the doors: the loop's selector and the transport. Everything between them is the product.
"""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bamlet.wire.message import BrokenBody, Request
from tests.servers.loopback import EVENT_STREAM, openai_chunks

T = TypeVar("T")

LONGEST = 1_000_000.0  # virtual seconds: whoever waits longer waits for ever


class VirtualLoop(asyncio.SelectorEventLoop):
    """When nothing can run, the clock jumps to the next timer."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everything waits for something that will never come"
        self._loop.now += max(0.0, timeout)
        return super().select(0)


class LoopClock:
    """The runtime's clock, on the time of the loop that runs it."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def unix(self) -> float:
        return self.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def random(self) -> float:
        return 0.5


class HurriedClock(LoopClock):
    """Every look at it is the end of a turn."""

    _now = 0.0

    def now(self) -> float:
        self._now += 1
        return self._now


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(asyncio.wait_for(work, LONGEST))


@dataclass(frozen=True)
class Wait:
    """Seconds of silence in a body."""

    seconds: float


@dataclass(frozen=True)
class Reply:
    """What one request gets: a failure instead of an answer, or a head after `head_delay` and a body."""

    parts: Sequence[bytes | Wait | Exception] = ()
    status: int = 200
    headers: tuple[tuple[str, str], ...] = EVENT_STREAM
    head_delay: float = 0.0
    failure: Exception | None = None


JSON = (("content-type", "application/json"),)


def said(text: str, finish: str = "stop", **reply: Any) -> Reply:
    """A whole answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return Reply([json.dumps({"choices": [choice]}).encode()], headers=JSON, **reply)


def streamed(*deltas: str, finish: str | None = "stop", **reply: Any) -> Reply:
    """A stream that ends as it should, or without its finish when that is None."""
    chunks = openai_chunks(deltas, finish, None)
    return Reply(chunks if finish else chunks[:-1], **reply)


def refused(status: int = 500, headers: tuple[tuple[str, str], ...] = JSON, **reply: Any) -> Reply:
    return Reply([b'{"error": {"message": "no"}}'], status, headers, **reply)


class ScriptedTransport:
    """Answers by the model that a request names: its replies in order, the last for ever. `sent` has every request
    as `(model, milliseconds)`; `open` are the answers that nobody has closed or read to the end."""

    def __init__(self, replies: Mapping[str, Reply | Iterable[Reply]]) -> None:
        self._replies = {
            model: [given] if isinstance(given, Reply) else list(given) for model, given in replies.items()
        }
        self.sent: list[tuple[str, int]] = []
        self.bodies: list[Any] = []
        self.open_answers = 0

    async def open(self, request: Request, *, connect_timeout: float | None) -> ScriptedResponse:
        body = json.loads(request.body)
        self.bodies.append(body)
        model = body.get("model", "")  # Gemini has it in the address
        self.sent.append((model, round(asyncio.get_running_loop().time() * 1000)))
        replies = self._replies[model]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        await asyncio.sleep(reply.head_delay)
        if reply.failure is not None:
            raise reply.failure
        return ScriptedResponse(self, reply)

    async def aclose(self) -> None:
        assert self.open_answers == 0


class ScriptedResponse:
    http_version = "HTTP/1.1"

    def __init__(self, transport: ScriptedTransport, reply: Reply) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self._parts = reply.parts
        self._transport = transport
        self._closed = False
        transport.open_answers += 1

    async def chunks(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            if self._closed:
                raise BrokenBody("closed while it was read")
            match part:
                case bytes():
                    yield part
                case Wait(seconds=seconds):
                    await asyncio.sleep(seconds)
                case Exception():
                    raise part

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._transport.open_answers -= 1
