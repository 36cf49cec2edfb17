"""One socket to one origin, and the exchange that is on it: bytes in from the loop, the answer told as they come.

A connection serves again only when all of this is so: the answer was whole, neither side wants to close, nothing
came behind it, and the request had left entirely. Whatever else happens, it is dropped.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol, cast

from ..failures import reason_of
from ..heads import Head, HeadReader, Unreadable, check_fields
from ..message import (
    BrokenBody,
    ConnectError,
    ConnectionReset,
    NoAnswer,
    ProtocolError,
    TransportError,
)
from .answer import Answer
from .counted import counted
from .exchange import Ending, Framing, Origin, Outgoing

_CLOSED = "the peer closed the connection"


class Owner(Protocol):
    def hold(self, connection: Connection) -> None:
        """Its socket is open. It will be forgotten, whatever happens."""
        ...

    def keep(self, connection: Connection) -> None:
        """It may carry another exchange."""
        ...

    def forget(self, connection: Connection) -> None:
        """Its socket is closed."""
        ...


class Connection(asyncio.Protocol):
    __slots__ = (
        "_answer",
        "_ending",
        "_head",
        "_head_reader",
        "_method",
        "_owner",
        "_parser",
        "_peer",
        "_transport",
        "heard",
        "idle_since",
        "origin",
    )

    def __init__(self, owner: Owner, origin: Origin, peer: str, parser: Framing) -> None:
        self.origin = origin
        self.idle_since = 0.0
        self.heard = False
        """Whether anything of the newest answer came."""
        self._owner = owner
        self._peer = peer
        self._parser = parser
        self._ending: Ending = parser
        self._transport: asyncio.Transport | None = None
        # Of the exchange that is under way; no answer, no exchange.
        self._answer: Answer | None = None
        self._method = ""
        self._head: Head | None = None
        self._head_reader = HeadReader()

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, outgoing: Outgoing) -> Answer:
        """Send the request and wait for the head of the answer. Raises `TransportError`, and is dropped then."""
        assert self._answer is None, "a connection carries one exchange"
        answer = Answer(self)
        try:
            self.heard = False
            self._head = None
            if self._transport is None:
                # It was lost before anybody asked, and will not be lost once more.
                raise self._loss(None)
            self._answer, self._method = answer, outgoing.method
            # All at once, however long: the loop keeps what the socket does not take. A server that answers early
            # is heard, since reading does not wait for writing.
            self._transport.write(outgoing.data)
            await answer.wait_head()
        except BaseException:
            # A cancellation above all: nobody has the answer yet, so nobody else can leave it. Not `drop`: the
            # answer may have ended meanwhile, and then the connection is somebody else's.
            answer.leave()
            raise
        return answer

    # --- what the answer wants

    def pause(self) -> None:
        if self.is_open and self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self.is_open and self._transport is not None:
            self._transport.resume_reading()

    def drop(self) -> None:
        self._answer = None
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Whoever waits for the answer that is under way hears of it: it did not leave by itself."""
        if self._answer is not None:
            self._breaks_off(BrokenBody("the connection was closed while the answer was being read"), None)
        else:
            self.drop()

    # --- what the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._owner.hold(self)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:
            # Said unasked, it would be taken for the answer to the next request.
            self.drop()
            return
        self.heard = True
        if self._head is None:
            try:
                found = self._head_reader.feed(data)
                if found is None:
                    return
                check_fields(found[0].fields)
            except Unreadable as failure:
                said = f"{self._peer} answered with something that is not HTTP: {failure}"
                self._breaks_off(ProtocolError(said), failure)
                return
            except ProtocolError as failure:
                self._breaks_off(failure, None)
                return
            head, data = found
            # No more of it is kept: a stream may wait for long, and the answer has the rest.
            self._head = told = head.of_framing()
            if (ending := counted(self._method, told)) is not None:
                self._ending = ending
            else:
                self._ending = self._parser
                self._parser.begin(self._method, told)
            self._read(answer, head, data)
        else:
            self._read(answer, self._head, data)

    def eof_received(self) -> None:
        """Told where the peer says so itself: over TLS not by an end of the socket, which anybody can bring about.

        Nothing is returned, so the loop closes the connection.
        """
        answer, head = self._answer, self._head
        if answer is None:
            return
        if head is not None:
            self._ending.finish(head)
        if head is not None and self._ending.ended:
            self._end(answer, keeps=False)
        else:
            # Not left to `connection_lost`, which waits until a request is out that the peer may not read.
            self._breaks_off(self._loss(None), EOFError(_CLOSED))

    def connection_lost(self, failure: Exception | None) -> None:
        self._transport = None
        self._owner.forget(self)
        if self._answer is not None:
            self._breaks_off(self._loss(failure), failure or EOFError(_CLOSED))

    # --- the exchange

    def _read(self, answer: Answer, head: Head, data: bytes) -> None:
        framing = self._ending
        is_behind = framing.ended and bool(data)
        body = framing.feed(data) if data and not framing.ended else b""
        failure = framing.failure
        if not answer.status and (body or failure is None):
            answer.begins(head)
        if body:
            # Also before a failure: what came whole is shown.
            answer.gets(body)
        if self._answer is not answer:
            return  # whoever was handed the body has left
        if failure is not None:
            said = f"the body is not framed as HTTP asks: {failure}"
            self._breaks_off(ProtocolError(said), failure)
        elif framing.ended:
            # Of what HTTP/1.0 calls kept, parsers think differently.
            self._end(answer, keeps=framing.keeps and head.version == "1.1" and not is_behind)

    def _end(self, answer: Answer, *, keeps: bool) -> None:
        """First the connection, then the answer: whoever hears of the end may want the connection next."""
        self._answer = None
        assert self._transport is not None
        if keeps and self.is_open and not self._transport.get_write_buffer_size():
            answer.resume()
            self._owner.keep(self)
        else:
            self._transport.abort()
        answer.ends()

    def _breaks_off(self, failure: TransportError, cause: BaseException | None) -> None:
        answer = self._answer
        assert answer is not None
        failure.__cause__ = cause
        self.drop()
        answer.ends(failure)

    def _loss(self, failure: Exception | None) -> TransportError:
        if self._head is not None and failure is None:
            return BrokenBody("the connection was closed before the end of the answer")
        if self._head is not None:
            return ConnectionReset("the connection was reset before the end of the answer")
        if isinstance(failure, ssl.SSLError) and not self.heard:
            # A server that wants a certificate of ours says so when we believe to be connected.
            return ConnectError(f"cannot connect to {self._peer}: {reason_of(failure)}")
        return NoAnswer(f"{self._peer} closed the connection without an answer")
