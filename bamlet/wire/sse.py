"""Server-sent events: chunks of bytes in, the events that they complete out.

The rules are WHATWG's, whatever the cut of the bytes: UTF-8 with U+FFFD for what is not, one leading
BOM dropped, lines ended by CR LF, LF or CR and by nothing else. A CR at the end of a chunk ends its
line at once; the LF that may follow is swallowed when it comes, since waiting for it would hold back
the last event of a stream that pauses there.
"""

from __future__ import annotations

import codecs

from ..records import dataclass
from .message import ProtocolError

_BOM = "\ufeff"
_RETRY_DIGITS = 18
"""A longer reconnection time is no time at all, and `int` refuses thousands of digits."""


@dataclass(slots=True)
class Event:
    """Not frozen: one is made per token, and freezing would triple the price."""

    event: str = "message"
    data: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class EventLimits:
    """Characters of one line, and characters and data lines of one event."""

    line: int = 1 << 20
    event: int = 4 << 20
    data_lines: int = 10_000


_USUAL = EventLimits()
_NONE: list[Event] = []  # nothing is put into it


class EventTooLarge(ProtocolError):
    """A line or an event passed its limit. The decoder that raised it is of no further use."""


class EventDecoder:
    """Feed it chunks of any size. Raises `EventTooLarge`, and nothing else whatever the bytes.

    `retry` is the reconnection time in milliseconds, if the server named one. `repaired` says whether
    a byte that is not UTF-8 had to be replaced.
    """

    __slots__ = (
        "_after_cr",
        "_at_start",
        "_data",
        "_data_size",
        "_event",
        "_id",
        "_is_between",
        "_limits",
        "_line_size",
        "_most",
        "_out",
        "_partial_character",
        "_pieces",
        "repaired",
        "retry",
    )

    def __init__(self, limits: EventLimits = _USUAL) -> None:
        self.retry: int | None = None
        self.repaired = False
        self._limits = limits
        self._most = min(limits.line, limits.event)
        self._is_between = False  # two events: nothing is held that could change how the next one is read
        # Bytes of a character that is not complete yet.
        self._partial_character = b""
        self._at_start = True
        self._after_cr = False
        # The unfinished line. Its pieces are joined once, at its end.
        self._pieces: list[str] = []
        self._line_size = 0
        # The unfinished event.
        self._data: list[str] = []
        self._data_size = 0
        self._event = ""
        self._id = ""
        # The events of the chunk that is being read.
        self._out: list[Event] = _NONE

    def feed(self, chunk: bytes) -> list[Event]:
        # The plainest event by itself, as most chunks of a stream on time are: one line of data, and a blank one.
        if (
            self._is_between
            and chunk.endswith(b"\n\n")
            and chunk.startswith(b"data: ")
            and chunk.find(b"\n") == len(chunk) - 2
            and len(chunk) <= self._most
            and b"\r" not in chunk
        ):
            try:
                return [Event("message", chunk[6:-2].decode(), self._id)]
            except UnicodeDecodeError:
                pass  # and what is decoded there is repaired here
        events = self._any(chunk)
        held = self._pieces or self._data or self._event or self._partial_character
        self._is_between = not (held or self._at_start or self._after_cr)
        return events

    def _any(self, chunk: bytes) -> list[Event]:
        text = self._text(chunk)
        if len(text) > self._limits.line or len(text) > self._limits.event:
            return self._lines(text)
        events: list[Event] = []
        at = 0
        if self._pieces or self._data or self._event:
            at = text.find("\n\n") + 2
            if at < 2:
                return self._lines(text)
            events = self._lines(text[:at])
        # Between two events: the plainest ones, of one line of data each, are most of a stream.
        for block in text[at:].split("\n\n")[:-1] if text.startswith("data: ", at) else ():
            if not block.startswith("data: ") or "\n" in block:
                break
            events.append(Event("message", block[6:], self._id))
            at += len(block) + 2
        return events + self._lines(text[at:]) if at < len(text) else events

    def _lines(self, text: str) -> list[Event]:
        """Whatever the text is, line by line."""
        lines = text.split("\n")
        rest = lines.pop()
        # What is held belongs to the first line that ends here; if none does, `rest` is one more piece of it.
        if lines and self._pieces:
            lines[0] = self._end_pieces(lines[0])
        self._out = events = []
        for line in lines:
            if line:
                self._field(line)
            else:
                if self._data:
                    events.append(self._take())
                # Also of an event without data, which is none: its name must not go to the next.
                self._event = ""
        self._out = _NONE
        # Last, so that its limit counts one line only, and found before the line has ended: it may never.
        if rest:
            self._hold(rest)
        return events

    def finish(self) -> Event | None:
        """The event that the end of the stream cut off, which the standard drops.

        It is what an end of line and an empty line would have completed. Whether it counts is for the
        caller to say: some servers stop right after the last byte of `[DONE]`. To be called once.
        """
        self._end_line()
        return self._take() if self._data else None

    def _end_line(self) -> list[Event]:
        """Of the line that the end of the stream cut off."""
        if not (self._pieces or self._partial_character):
            return []
        # The line is not empty, so this ends a field and never an event. Half a character becomes U+FFFD: the LF
        # does not go on with it.
        return self.feed(b"\n")

    def _text(self, chunk: bytes) -> str:
        """The chunk as characters, every end of line an LF."""
        text = self._characters(chunk)
        # All three look at characters and not at bytes, and wait for one: a chunk may be a part of a character, or
        # nothing. The LF of a CR that ended the last chunk is dropped before a CR of this one is looked for.
        if self._at_start and text:
            self._at_start = False
            text = text.removeprefix(_BOM)
        if self._after_cr and text:
            self._after_cr = False
            text = text.removeprefix("\n")
        if "\r" in text:
            self._after_cr = text.endswith("\r")  # while it can be told from an LF
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text

    def _characters(self, chunk: bytes) -> str:
        if self._partial_character:
            chunk = self._partial_character + chunk
        # The functions under the incremental decoder: that one cannot tell whether it replaced anything.
        try:
            text, used = codecs.utf_8_decode(chunk, "strict", False)
        except UnicodeDecodeError:
            self.repaired = True
            text, used = codecs.utf_8_decode(chunk, "replace", False)
        self._partial_character = chunk[used:]
        return text

    def _hold(self, piece: str) -> None:
        # Not added to a string, which would copy a line of a megabyte for each of its chunks.
        self._pieces.append(piece)
        self._line_size += len(piece)
        self._check_line(self._line_size)

    def _end_pieces(self, last: str) -> str:
        self._pieces.append(last)
        line = "".join(self._pieces)
        self._pieces.clear()
        self._line_size = 0
        return line

    def _field(self, line: str) -> None:
        self._check_line(len(line))
        name, _, value = line.partition(":")
        if value.startswith(" "):
            value = value[1:]
        if name == "data":
            self._add_data(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) <= _RETRY_DIGITS:
            self.retry = int(value)
        else:
            self._other(line)

    def _other(self, line: str) -> None:
        """A comment, or a field that the standard does not know."""

    def _add_data(self, value: str) -> None:
        self._data.append(value)
        self._data_size += len(value) + 1
        if self._data_size > self._limits.event:
            raise EventTooLarge(f"an event is longer than the limit of {self._limits.event} characters")
        if len(self._data) > self._limits.data_lines:
            raise EventTooLarge(f"an event has more than the limit of {self._limits.data_lines} data lines")

    def _check_line(self, size: int) -> None:
        if size > self._limits.line:
            raise EventTooLarge(f"a line is longer than the limit of {self._limits.line} characters")

    def _take(self) -> Event:
        assert self._data, "an event without data is none"
        event = Event(self._event or "message", "\n".join(self._data), self._id)
        self._data.clear()
        self._data_size = 0
        self._event = ""
        return event
