"""Where an answer ends, by h11: on every install, since httpx brings it."""

from __future__ import annotations

import h11

from ..failures import said_plainly
from ..heads import MAX_HEAD_BYTES, Head, Unreadable
from ..message import InvalidRequest
from .exchange import Outgoing


class H11Framing:
    __slots__ = ("_connection", "ended", "failure", "keeps")

    def __init__(self) -> None:
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=2 * MAX_HEAD_BYTES)
        self.ended = self.keeps = False
        self.failure: Unreadable | None = None

    def begin(self, outgoing: Outgoing) -> bytes:
        connection = self._connection
        if self.ended:
            connection.start_next_cycle()
        self.ended = self.keeps = False
        try:
            request = h11.Request(method=outgoing.method, target=outgoing.target, headers=outgoing.fields)
            head = connection.send(request)
            body = connection.send(h11.Data(data=outgoing.body)) if outgoing.body else b""
            end = connection.send(h11.EndOfMessage())
        except h11.LocalProtocolError as failure:
            raise InvalidRequest(f"the request cannot be sent: {failure}") from failure
        return b"".join((head or b"", body or b"", end or b""))

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
                    self.keeps = connection.their_state is h11.DONE and not connection.trailing_data[0]
                    break
                elif not isinstance(event, h11.Response):
                    break
        except h11.RemoteProtocolError as failure:
            self.failure = Unreadable(said_plainly(failure))
            self.failure.__cause__ = failure
        # h11 gives what it holds of a buffer that it goes on using.
        return bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)

    def finish(self, head: Head) -> None:
        self.feed(b"")
        self.keeps = False
