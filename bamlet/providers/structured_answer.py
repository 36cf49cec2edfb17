"""A structured answer as it arrives, to the text of the value in it: what the parser reads.

A tool's arguments are the text. Where the value had to be wrapped into an object, the wrapping is taken off.
"""

from __future__ import annotations

from typing import Any

from ..patterns import pattern
from ..prompt import ANSWER_NAME
from ..records import replace
from ..wire.sse import Event
from .accumulator import Accumulator
from .chunks import StreamChunk
from .completion import Completion, ToolCall

MAX_HELD = 256
"""Characters that are held back until it is clear whether they wrap a value, with the blanks among them."""

_WRAPPING = f'{{"{ANSWER_NAME}":'
_BLANKS = pattern(r"\s+")
_HEAD = pattern(rf'\{{\s*"{ANSWER_NAME}"\s*:')


class Unwrapping:
    """Takes `{"baml_answer": …}` off a text in pieces; other texts stay as they are."""

    def __init__(self) -> None:
        self._begun = ""
        self._state: str = "head"
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, piece: str) -> str:
        if self._state == "head":
            return self._head(piece)
        if self._state == "inside":
            return self._inside(piece)
        # Blanks are passed on wherever they come: whoever counts them stops a model that writes nothing else.
        return piece if self._state == "plain" or piece.isspace() else ""

    def close(self) -> str:
        """What was held back of a text that ended before it was clear what it is."""
        held, self._begun = self._begun, ""
        return held if self._state == "head" else ""

    def _head(self, piece: str) -> str:
        if not self._begun:
            said = piece.lstrip()
            return piece[: len(piece) - len(said)] + (self._head_of(said) if said else "")
        return self._head_of(piece)

    def _head_of(self, piece: str) -> str:
        """What is looked at again with each piece is as short as a head is."""
        self._begun += piece
        if (head := _HEAD.match(self._begun)) is not None:
            self._state, rest = "inside", self._begun[head.end() :]
            return self._inside(rest.lstrip()) if rest.strip() else ""
        if len(self._begun) <= MAX_HELD and _WRAPPING.startswith(_BLANKS.sub("", self._begun)):
            return ""
        self._state, begun = "plain", self._begun
        return begun

    def _inside(self, piece: str) -> str:
        for at, sign in enumerate(piece):
            if self._in_string:
                if self._escaped:
                    self._escaped = False
                elif sign == "\\":
                    self._escaped = True
                elif sign == '"':
                    self._in_string = False
            elif sign == '"':
                self._in_string = True
            elif sign in "{[":
                self._depth += 1
            elif sign in "}]":
                self._depth -= 1
                if self._depth < 0:
                    self._state = "over"
                    return piece[:at].rstrip()
        return piece


class StructuredAccumulator:
    """Stands in for the accumulator that it is fed through; its text is that of the value."""

    def __init__(self, inner: Accumulator, *, takes_tool: bool) -> None:
        self._inner = inner
        self._takes_tool = takes_tool
        self._chunks: list[StreamChunk] = []
        self._unwrapping = Unwrapping()
        self._pieces: list[str] = []
        self._read = 0  # how much of the text of the inner one has been taken
        self._slot: int | None = None
        self._has_arguments = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def text(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return _but_the_answer(self._inner.tool_calls)

    def new_chunks(self) -> list[StreamChunk]:
        if not self._takes_tool:
            return self._inner.new_chunks()
        new, self._chunks = self._chunks, []
        return new

    def feed(self, event: Event) -> str:
        """The new text. Raises `ProviderError`."""
        restarts = self._inner.restarts
        said = self._inner.feed(event)
        if self._inner.restarts != restarts:
            self._begin_anew()
            said = self._inner.text
        return self._take(said)

    def feed_value(self, value: Any, event_name: str = "message") -> str:
        return self._take(self._inner.feed_value(value, event_name))

    def completion(self) -> Completion:
        return self._closed(self._inner.completion())

    def finish(self) -> Completion:
        """Raises `ProviderError` if the answer is cut off or empty."""
        return self._closed(self._inner.finish())

    def _begin_anew(self) -> None:
        self._unwrapping = Unwrapping()
        self._pieces = []
        self._read = 0
        self._slot = None
        self._has_arguments = False

    def _take(self, said: str) -> str:
        if self._takes_tool:
            new = self._inner.new_chunks()
            self._chunks += new
            said = "".join(map(self._arguments, new))
        else:
            self._read += len(said)
        return self._show(self._unwrapping.feed(said)) if said else ""

    def _arguments(self, chunk: StreamChunk) -> str:
        if chunk.type == "tool_call_start" and chunk.name == ANSWER_NAME and self._slot is None:
            self._slot = chunk.slot
        if chunk.slot is None or chunk.slot != self._slot:
            return ""
        if chunk.type == "tool_call_chunk":
            self._has_arguments = True
            return chunk.text
        # Some servers send all arguments at the end.
        return chunk.text if chunk.type == "tool_call_end" and not self._has_arguments else ""

    def _show(self, text: str) -> str:
        if text:
            self._pieces.append(text)
        return text

    def _closed(self, completion: Completion) -> Completion:
        self._take("" if self._takes_tool else completion.text[self._read :])
        self._show(self._unwrapping.close())
        if self._takes_tool and self._slot is None:
            # The model would not use the tool; what it said instead may still hold the value.
            self._show(completion.text)
        return replace(completion, text=self.text, tool_calls=_but_the_answer(completion.tool_calls))


def _but_the_answer(calls: tuple[ToolCall, ...]) -> tuple[ToolCall, ...]:
    return tuple(call for call in calls if call.name != ANSWER_NAME)
