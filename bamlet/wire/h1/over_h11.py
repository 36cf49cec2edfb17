"""Where an answer ends, by h11: on every install, since httpx brings it.

The plainest chunks, as nearly all of a stream are, never reach it: one would cost more than all else that is done
with an event. Whatever is no such chunk does reach it, and it alone says what is an end and what is a mistake.
"""

from __future__ import annotations

import re
from functools import lru_cache

import h11

from ..failures import said_plainly
from ..heads import MAX_HEAD_BYTES, Head, Unreadable


@lru_cache(16)
def _request(method: str) -> h11.Request:
    """h11 wants to have seen a request before an answer; of ours it need know no more than this."""
    return h11.Request(method=method, target="/", headers=[("host", "-")])


_END = h11.EndOfMessage()

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
"""The line before a chunk, if nothing but the size stands in it."""


def _take_plain(data: bytes, pieces: list[bytes]) -> tuple[int, int]:
    """Whole chunks off data that begins with one, as many as come first, into `pieces`. Where the rest begins, and
    how much is missing of its first chunk; -1 if that is not plain."""
    at = 0
    while (line := _SIZE.match(data, at)) is not None:
        start = line.end()
        end = start + int(line[1], 16)
        if end == start:
            break  # the last one, with what stands behind it
        missing = end + 2 - len(data)
        if missing > 0:
            return at, missing
        if data[end : end + 2] != b"\r\n":
            break
        pieces.append(data[start:end])
        at = end + 2
    return at, 0 if at == len(data) else -1


class H11Framing:
    __slots__ = ("_connection", "_missing", "ended", "failure", "keeps")

    def __init__(self) -> None:
        # It limits lines of chunks and trailers too.
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        # How much h11 has yet to be fed until a chunk begins; -1 if that is not known. It counts no chunks, so it
        # does not miss those that it never sees.
        self._missing = -1
        self.ended = self.keeps = False
        self.failure: Unreadable | None = None

    def begin(self, method: str, head: Head) -> None:
        connection = self._connection
        if self.ended:
            connection.start_next_cycle()
        self.ended = self.keeps = False
        self._missing = -1
        connection.send(_request(method))
        connection.send(_END)
        self._feed(head.to_bytes())
        # An answer that has no body, whatever its head says, has ended by now.
        if not (self.ended or self.failure) and any(name == "transfer-encoding" for name, _ in head.fields):
            self._missing = 0

    def feed(self, data: bytes) -> bytes:
        missing = self._missing
        if missing < 0:
            return self._feed(data)
        pieces: list[bytes] = []
        if missing:
            pieces.append(self._feed(data[:missing]))
            self._missing = max(0, missing - len(data))
            if self.failure is not None or len(data) <= missing:
                return pieces[0]
            data = data[missing:]
        at, self._missing = _take_plain(data, pieces)
        if at < len(data):
            pieces.append(self._feed(data[at:]))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self, head: Head) -> None:
        self._feed(b"")
        self.keeps = False

    def _feed(self, data: bytes) -> bytes:
        connection = self._connection
        pieces = []
        try:
            connection.receive_data(data)
            while True:
                event = connection.next_event()
                if isinstance(event, h11.Data):
                    pieces.append(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self.ended = True
                    break
                elif not isinstance(event, h11.Response):
                    break
        except h11.RemoteProtocolError as failure:
            self.failure = Unreadable(said_plainly(failure))
            self.failure.__cause__ = failure
        self.keeps = self.ended and connection.their_state is h11.DONE and not connection.trailing_data[0]
        # h11 gives what it holds of a buffer that it goes on using.
        return bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)
