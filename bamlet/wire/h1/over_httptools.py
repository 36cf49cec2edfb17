"""Where an answer ends, by httptools, which is Node's parser: with the `fast` extra."""

from __future__ import annotations

from typing import Any

import httptools

from ..failures import said_plainly
from ..heads import Head, Unreadable


class HttptoolsFraming:
    __slots__ = ("_more", "_parser", "_parser_keeps", "_pieces", "ended", "failure", "keeps")

    def __init__(self) -> None:
        self._parser: Any = None
        self._pieces: list[bytes] = []
        self.ended = self.keeps = self._parser_keeps = self._more = False
        self.failure: Unreadable | None = None

    def begin(self, method: str, head: Head) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.ended = self.keeps = self._parser_keeps = self._more = False
        # The parser sees answers only, and would wait for a body of which the length is told.
        if method == "HEAD":
            self.ended = True
        else:
            self.feed(head.to_bytes())

    def feed(self, data: bytes) -> bytes:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as failure:
            # What comes behind the answer is bad for the connection only.
            if not self.ended:
                self.failure = Unreadable(said_plainly(failure))
                self.failure.__cause__ = failure
            self._more = True
        if self.ended:
            self.keeps = self._parser_keeps and not self._more
            self._parser = None  # it holds us
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
            self._parser_keeps = self._parser.should_keep_alive()
