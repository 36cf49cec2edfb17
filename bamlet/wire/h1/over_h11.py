"""Where an answer ends, by h11: on every install, since httpx brings it."""

from __future__ import annotations

from functools import lru_cache

import h11

from ..failures import said_plainly
from ..heads import MAX_HEAD_BYTES, Head, Unreadable


@lru_cache(16)
def _request(method: str) -> h11.Request:
    """h11 wants to have seen a request before an answer; of ours it need know no more than this."""
    return h11.Request(method=method, target="/", headers=[("host", "-")])


_END = h11.EndOfMessage()


class H11Framing:
    __slots__ = ("_connection", "ended", "failure", "keeps")

    def __init__(self) -> None:
        # It limits lines of chunks and trailers too.
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.ended = self.keeps = False
        self.failure: Unreadable | None = None

    def begin(self, method: str, head: Head) -> None:
        connection = self._connection
        if self.ended:
            connection.start_next_cycle()
        self.ended = self.keeps = False
        connection.send(_request(method))
        connection.send(_END)
        self.feed(head.to_bytes())

    def feed(self, data: bytes) -> bytes:
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

    def finish(self, head: Head) -> None:
        self.feed(b"")
        self.keeps = False
