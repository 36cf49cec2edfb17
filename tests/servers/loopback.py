"""A scripted HTTP server on 127.0.0.1: exact bytes, exact pauses, every way for an answer to end.

One thread a connection and plain sockets, so that nothing stands between the script and the wire. The
server also watches the other side: it notes when the client left, also in the middle of a pause.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Framing = Literal["chunked", "length", "close"]
End = Literal["clean", "incomplete_chunked", "reset", "open"]

EVENT_STREAM = (("content-type", "text/event-stream"),)


@dataclass(frozen=True)
class Pause:
    """Seconds of silence between two parts of a body."""

    seconds: float


@dataclass(frozen=True)
class Answer:
    """What one request gets.

    `parts`, none of them empty, are sent one write each, as one chunk each where the framing is `chunked`.
    `end` says what follows the last: the proper end, a close without the last chunk, a TCP reset, or
    silence until the client leaves. `raw_head` replaces status line and headers by any bytes; `b""` sends
    none.
    """

    parts: Sequence[bytes | Pause] = ()
    status: int = 200
    headers: Sequence[tuple[str, str]] = EVENT_STREAM
    framing: Framing = "chunked"
    end: End = "clean"
    head_delay: float = 0.0
    raw_head: bytes | None = None

    def head(self) -> bytes:
        if self.raw_head is not None:
            return self.raw_head
        framing = {
            "chunked": "transfer-encoding: chunked\r\n",
            "length": f"content-length: {sum(len(p) for p in self.parts if isinstance(p, bytes))}\r\n",
            "close": "connection: close\r\n",
        }[self.framing]
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return f"HTTP/1.1 {self.status} Scripted\r\n{fields}{framing}\r\n".encode("latin-1")

    def framed(self, part: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(part), part) if self.framing == "chunked" else part


@dataclass(frozen=True)
class Received:
    """One request as it came: header names in lower case, the body in full."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        return json.loads(self.body)


class _ClientLeft(Exception):
    pass


@dataclass
class Connection:
    """One accepted connection. `client_left_at` is on the clock of `time.monotonic`."""

    socket: socket.socket
    client_left_at: float | None = None
    _left: threading.Event = field(default_factory=threading.Event)

    def wait_client_left(self, timeout: float) -> float:
        """When the client closed its side. Fails if it has not within `timeout` seconds."""
        if not self._left.wait(timeout):
            raise AssertionError(f"the client is still there after {timeout} s")
        assert self.client_left_at is not None
        return self.client_left_at

    def read(self) -> bytes:
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            if self.client_left_at is None:
                self.client_left_at = time.monotonic()
                self._left.set()
            raise _ClientLeft
        return data

    def write(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            self.read_until_left()

    def pause(self, seconds: float) -> None:
        """Wait, but not for a client that has gone."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.socket], [], [], left)[0]:
                self.read()

    def read_until_left(self) -> None:
        while True:
            self.read()

    def reset(self) -> None:
        # A close that lingers for no time sends RST.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class LoopbackServer:
    """Requests get the scripted answers in the order they come; then `default`, if there is one.

    Over TLS it closes without a word: only the last chunk or the length of a body says where that ends.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.requests: list[Received] = []
        self.connections: list[Connection] = []
        self.default: Answer | None = None
        self._script: deque[Answer] = deque()
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._acceptor = threading.Thread(target=self._accept, name="loopback", daemon=True)
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"

    def answer(self, *answers: Answer) -> None:
        """Add to the script."""
        self._script.extend(answers)

    def wait_requests(self, count: int, timeout: float) -> list[Received]:
        """The requests, once there are `count` of them. Fails if there are not within `timeout`."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, timeout):
                raise AssertionError(f"{len(self.requests)} of {count} requests came within {timeout} s")
            return list(self.requests)

    def wait_client_left(self, timeout: float, connection: int = -1) -> float:
        """When the client closed that connection (the newest unless told otherwise)."""
        return self.connections[connection].wait_client_left(timeout)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, *exc: object) -> None:
        # Shutting down wakes the threads that wait in accept and recv; closing alone would not.
        _shut(self._listener)
        self._acceptor.join(5)
        self._listener.close()
        for connection in self.connections:
            _shut(connection.socket)
        for thread in self._threads:
            thread.join(5)
        hanging = [thread.name for thread in self._threads if thread.is_alive()]
        assert not hanging, f"{hanging} hang"

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(accepted)
            self.connections.append(connection)
            name = f"loopback-{len(self.connections)}"
            thread = threading.Thread(target=self._serve, args=(connection,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: Connection) -> None:
        if self._tls is not None:
            try:
                connection.socket = self._tls.wrap_socket(connection.socket, server_side=True)
            except OSError:
                return  # the client wants nothing to do with us
        with connection.socket:
            try:
                while self._exchange(connection):
                    pass
            except _ClientLeft:
                return

    def _exchange(self, connection: Connection) -> bool:
        """Whether the connection may carry another request."""
        request = _read_request(connection)
        answer = self._next_answer()
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        connection.pause(answer.head_delay)
        connection.write(answer.head())
        for part in answer.parts:
            if isinstance(part, Pause):
                connection.pause(part.seconds)
            else:
                connection.write(answer.framed(part))
        return _end(connection, answer)

    def _next_answer(self) -> Answer:
        if self._script:
            return self._script.popleft()
        return self.default or Answer([b"the script has no answer left"], status=599, framing="length")


def _end(connection: Connection, answer: Answer) -> bool:
    match answer.end:
        case "clean" if answer.framing == "chunked":
            connection.write(b"0\r\n\r\n")
            return True
        case "clean":
            return answer.framing == "length"
        case "open":
            connection.read_until_left()
        case "reset":
            connection.reset()
    return False


def _read_request(connection: Connection) -> Received:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.read()
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
    length = int(dict(headers).get("content-length", "0"))
    while len(body) < length:
        body += connection.read()
    return Received(method, path, headers, body)


def _shut(sock: socket.socket) -> None:
    # It may be closed, or the other side gone.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def sse(payload: Any) -> bytes:
    """One event whose data is `payload` as JSON."""
    return f"data: {json.dumps(payload)}\n\n".encode()


def openai_chunks(
    deltas: Sequence[str], finish: str | None = "stop", usage: tuple[int, int] | None = (3, 5)
) -> list[bytes]:
    """A chat-completions stream, one event each: the role, the deltas, finish, usage, `[DONE]`."""
    chunks = [_openai_chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}}])]
    chunks += [_openai_chunk([{"index": 0, "delta": {"content": text}}]) for text in deltas]
    if finish is not None:
        chunks.append(_openai_chunk([{"index": 0, "delta": {}, "finish_reason": finish}]))
    if usage is not None:
        prompt, completion = usage
        counts = {"prompt_tokens": prompt, "completion_tokens": completion}
        chunks.append(_openai_chunk([], usage={**counts, "total_tokens": prompt + completion}))
    return [*chunks, b"data: [DONE]\n\n"]


def _openai_chunk(choices: list[dict[str, Any]], **more: Any) -> bytes:
    for choice in choices:
        choice.setdefault("finish_reason", None)
    return sse(
        {
            "id": "chatcmpl-test",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": "gpt-test",
            "choices": choices,
            **more,
        }
    )
