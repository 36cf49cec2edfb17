"""TLS between a socket and a connection: encrypted bytes of the one side are plain ones of the other.

asyncio has this too, at the price of a buffer of 256 KiB for each connection, ten times what a stream that waits
takes in all. An end is told as one only when the peer says so under its key: whoever sits between can close the
socket as well.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from typing import cast

PIECE_BYTES = 64 * 1024


class Tls(asyncio.Protocol, asyncio.Transport):
    """To the loop a protocol; to what is above, a transport, which is made once both sides have shaken hands.

    `secured` is done then. It fails where the certificate proves nothing, or the socket closes before.
    """

    __slots__ = ("_above", "_failure", "_incoming", "_outgoing", "_tls", "_transport", "_unsent", "secured")

    def __init__(self, above: asyncio.Protocol, context: ssl.SSLContext, host: str) -> None:
        self.secured: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._above = above
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._transport: asyncio.Transport | None = None
        self._unsent = memoryview(b"")
        self._failure: ssl.SSLError | None = None

    # --- what the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._shake_hands()

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        if self.secured.done() or self._shake_hands():
            self._read()

    def eof_received(self) -> None:
        # Not by the peer's word, so no end of anything. Nor is it waited until all is written, as a close would.
        self.abort()

    def connection_lost(self, failure: Exception | None) -> None:
        self._transport = None
        if not self.secured.done():
            self.secured.set_exception(
                self._failure or failure or ConnectionResetError(errno.ECONNRESET, "closed in the handshake")
            )
        elif not self.secured.cancelled() and self.secured.exception() is None:
            self._above.connection_lost(self._failure or failure)

    # --- what is above wants

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._unsent = memoryview(bytes(self._unsent) + data if self._unsent else data)
        self._write()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def is_closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return len(self._unsent) + (self._transport.get_write_buffer_size() if self._transport is not None else 0)

    # --- between the two

    def _shake_hands(self) -> bool:
        """Whether they have."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError as failure:
            self._break(failure)
            return False
        self._flush()
        if self.secured.cancelled():
            self.abort()
            return False
        # Above is told first: whoever waits for the handshake goes on in a later turn.
        self._above.connection_made(self)
        self.secured.set_result(None)
        return True

    def _read(self) -> None:
        pieces = []
        is_end = False
        try:
            while not is_end:
                piece = self._tls.read(PIECE_BYTES)
                pieces.append(piece)
                is_end = not piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            is_end = True
        except ssl.SSLError as failure:
            self._break(failure)
        self._write()  # a peer may want to be answered, or have held up a request
        if data := b"".join(pieces):
            self._above.data_received(data)
        if is_end:
            self._above.eof_received()
            self.abort()

    def _write(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self._tls.write(self._unsent) :] or memoryview(b"")
        except ssl.SSLWantReadError:
            pass  # the keys are agreed on anew; `_read` comes back to this
        except ssl.SSLError as failure:
            self._break(failure)
        self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending and self._transport is not None:
            self._transport.write(self._outgoing.read())

    def _break(self, failure: ssl.SSLError) -> None:
        """The first failure counts. The peer is told why, if there is a word for it."""
        self._failure = self._failure or failure
        self._flush()
        self.abort()
