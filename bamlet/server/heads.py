"""Heads of requests within a size and a time: uvicorn waits for ever for a head, however long it gets.

Here, since it is a connection's too, is how much waits in it for a reader that takes nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Scope

from .errors import Problem
from .wire import compact

MAX_HEAD_BYTES = 64 << 10
HEAD_SECONDS = 10.0
UNSENT_BYTES = 16 << 10  # after which the next portion waits; a fourth of what asyncio would hold for each reader


def too_long() -> Problem:
    return Problem(431, "bad_request", f"the head of the request is longer than {MAX_HEAD_BYTES} bytes")


def is_too_long(scope: Scope) -> bool:
    """Of a head that has come whole."""
    lines = sum(len(name) + len(value) for name, value in scope["headers"])
    return lines + len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_HEAD_BYTES


def bounded(protocol: type[Any]) -> type[Any]:
    """One of uvicorn's, of which a new `cycle` says that a head has come whole."""
    return type("Bounded", (_Bounded, protocol), {})


class _Bounded(asyncio.Protocol):
    cycle: Any
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self.transport.set_write_buffer_limits(high=UNSENT_BYTES)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        # Not while an answer goes out: uvicorn stops reading then, and what has come of the next request would cut
        # the answer off.
        is_head = before is None or (before.response_complete and not before.more_body)
        super().data_received(data)
        if self.cycle is not before:
            self._forget_head()
        elif is_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            self._expect_head()
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self._head_timer is None:
            loop = asyncio.get_running_loop()
            self._head_timer = loop.call_later(HEAD_SECONDS, self.transport.close)

    def _forget_head(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            body = compact(too_long().body()).encode()
            head = "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()
