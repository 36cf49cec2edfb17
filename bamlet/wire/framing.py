"""How the events of an answer are told apart: a decoder by what the answer says it is, else by what was asked for.

Server-sent events, lines of JSON, one JSON value or an array of them, and AWS frames all come out as `Event`.
"""

from __future__ import annotations

import json
import re
from typing import Protocol

from .eventstream import FrameDecoder
from .sse import Event, EventDecoder, EventTooLarge

MAX_VALUE = 32 << 20
"""Characters of one JSON value, or of one line of JSON."""


class Decoder(Protocol):
    """Chunks of any size in. Raises `ProtocolError` for what breaks the limits or the framing."""

    def feed(self, chunk: bytes) -> list[Event]: ...

    def finish(self) -> Event | None:
        """The event that the end of the stream cut off, where it counts nevertheless."""
        ...


def decoder_for(content_type: str, accepted: str) -> Decoder:
    """Some servers name no type, or a wrong one: what was asked for is more likely than what is not known."""
    for kind in (content_type, accepted):
        match kind:
            case "application/json":
                return ValueDecoder()
            case "application/x-ndjson" | "application/jsonl" | "application/json-lines":
                return LineDecoder()
            case "application/vnd.amazon.eventstream":
                return FrameDecoder()
            case "text/event-stream":
                return AnswerDecoder()
    return AnswerDecoder()


# A string, closed or not, of which nothing counts, or a bracket. No string of JSON goes over the end of a line.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]')


class AnswerDecoder(EventDecoder):
    """Server-sent events as models' servers write them: an event cut off before its blank line counts when it is
    whole, and so does JSON that stands bare among the fields."""

    __slots__ = ("_bare", "_bare_size", "_depth")

    def __init__(self) -> None:
        super().__init__()
        # Bare JSON that is under way: its lines, their length, and how deep the last of them left it.
        self._bare: list[str] = []
        self._bare_size = 0
        self._depth = 0

    def finish(self) -> Event | None:
        ended = self._end_line()
        pending = super().finish()
        if pending is None or not _is_whole(pending.data):
            # The last line may have ended bare JSON instead.
            return ended[0] if ended else None
        return pending

    def _other(self, line: str) -> None:
        if line.startswith("{"):
            self._forget_bare()  # what had begun before has led to nothing
        elif not self._bare:
            return
        # Sized before it is read as JSON, which only a line that may be its last is worth.
        self._bare.append(line)
        self._bare_size += len(line)
        if self._bare_size > MAX_VALUE:
            raise EventTooLarge(f"a JSON value is longer than the limit of {MAX_VALUE} characters")
        for token in _TOKENS.findall(line):
            self._depth += 1 if token in "{[" else -1 if token in "}]" else 0
        # The lines are joined once, when every bracket is closed, whatever they end with before.
        if self._depth <= 0:
            if _is_json(value := "\n".join(self._bare)):
                self._out.append(Event("message", value))
            self._forget_bare()

    def _forget_bare(self) -> None:
        self._bare.clear()
        self._bare_size = self._depth = 0


class LineDecoder:
    """A JSON value a line."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[Event]:
        lines = chunk.split(b"\n")
        if len(lines) > 1 and self._pieces:
            lines[0] = b"".join((*self._pieces, lines[0]))
            self._pieces.clear()
            self._size = 0
        rest = lines.pop()
        if rest:
            self._pieces.append(rest)
            self._size += len(rest)
            if self._size > MAX_VALUE:
                raise EventTooLarge(f"a line is longer than the limit of {MAX_VALUE} bytes")
        return [Event("message", _text(line)) for line in lines if line.strip()]

    def finish(self) -> Event | None:
        rest = _text(b"".join(self._pieces))
        return Event("message", rest) if _is_json(rest) else None


_IN_STRING = re.compile(rb'["\\]')
_OUTSIDE = re.compile(rb'["\[\]{}]')


class ValueDecoder:
    """One JSON object, or the objects of one array, each as soon as it is whole. Any other body is one event."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0  # how far the buffer has been looked at
        self._start = -1  # where the object under way starts
        self._depth = 0
        self._base = 0  # the depth at which objects are looked for: 1 inside an array
        self._in_string = False
        self._any = False

    def feed(self, chunk: bytes) -> list[Event]:
        self._buffer += chunk
        if len(self._buffer) > MAX_VALUE:
            raise EventTooLarge(f"a JSON value is longer than the limit of {MAX_VALUE} bytes")
        events: list[Event] = []
        while (event := self._next()) is not None:
            events.append(event)
        self._any = self._any or bool(events)
        return events

    def finish(self) -> Event | None:
        rest = _text(bytes(self._buffer))
        return None if self._any or not rest.strip() else Event("message", rest)

    def _next(self) -> Event | None:
        while found := (_IN_STRING if self._in_string else _OUTSIDE).search(self._buffer, self._at):
            token, self._at = found[0], found.end()
            if token == b"\\":
                if self._at == len(self._buffer):
                    self._at -= 1  # what it escapes has not come yet: look at the backslash again, with it
                    return None
                self._at += 1
            elif token == b'"':
                self._in_string = not self._in_string
            elif token in b"[{":
                if self._depth == 0 and token == b"[":
                    self._base = 1
                if token == b"{" and self._depth == self._base:
                    self._start = found.start()
                self._depth += 1
            else:
                self._depth -= 1
                if token == b"}" and self._depth == self._base and self._start >= 0:
                    return self._take()
        self._at = len(self._buffer)
        return None

    def _take(self) -> Event:
        assert not self._in_string
        value = _text(bytes(self._buffer[self._start : self._at]))
        # With what stands before it, so the limit is one of a value and not of the stream.
        del self._buffer[: self._at]
        self._at, self._start = 0, -1
        return Event("message", value)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _is_whole(data: str) -> bool:
    return data.strip() == "[DONE]" or _is_json(data)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
