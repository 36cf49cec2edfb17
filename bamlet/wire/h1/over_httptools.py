"""Where an answer ends, by httptools, which is Node's parser: with the `fast` extra."""

from __future__ import annotations

from typing import Any

import httptools

from ..failures import said_plainly
from ..heads import Head, Unreadable
from .exchange import Outgoing


class HttptoolsFraming:
    __slots__ = ("_more", "_parser", "_pieces", "_without_body", "ended", "failure", "keeps")

    def __init__(self) -> None:
        self._parser: Any = None
        self._pieces: list[bytes] = []
        self.ended = self.keeps = self._more = self._without_body = False
        self.failure: Unreadable | None = None

    def begin(self, outgoing: Outgoing) -> bytes:
        self._parser = httptools.HttpResponseParser(self)
        self.ended = self.keeps = self._more = False
        # The parser sees answers only, and would wait for a body of which the length is told.
        self._without_body = outgoing.method == "HEAD"
        lines = [f"{outgoing.method} {outgoing.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in outgoing.fields]
        lines.append("\r\n")
        return "\r\n".join(lines).encode("latin-1") + outgoing.body

    def feed(self, data: bytes) -> bytes:
        if self._without_body:
            self.ended = True
            return b""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as failure:
            # What comes behind the answer is bad for the connection only.
            if not self.ended:
                self.failure = Unreadable(said_plainly(failure))
                self.failure.__cause__ = failure
            self._more = True
        if self.ended:
            self.keeps = self.keeps and not self._more
            self._parser = None  # which holds us
        pieces, self._pieces = self._pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self, head: Head) -> None:
        if not head.is_framed:
            self.ended = True

    # --- what the parser calls

    def on_message_begin(self) -> None:
        self._more = self.ended

    def on_body(self, body: bytes) -> None:
        if not self.ended:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        if not self.ended:
            self.ended = True
            self.keeps = self._parser.should_keep_alive()
