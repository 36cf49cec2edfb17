"""Calls of tools that a model writes into its text, for want of another way: text in, chunks as of real calls out.

A call is an object whose first key is `tool`; the rest of the object are its arguments. What stands before the
first call is said, what stands behind it is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..patterns import pattern
from ..prompt import call_in_words
from .brackets import Brackets
from .chunks import StreamChunk
from .completion import ToolCall

_OPENS: Final = (
    *(r"\{\s{0,64}", "[\"']?", "t", "o", "o", "l", "[\"']?", r"\s{0,64}", ":"),
    *(r"\s{0,64}", "[\"']", r"[^\"'\\]{0,64}"),
)


def _beginnings(atoms: tuple[str, ...]) -> str:
    """Whatever may become what the atoms say, one behind the other."""
    found = ""
    for atom in reversed(atoms[1:]):
        found = f"(?:{atom}{found})?"
    return atoms[0] + found


_OBJECT = _beginnings(_OPENS)
_LIST = rf"\[\s{{0,64}}(?:{_OBJECT})?"
_FENCE = rf"`(?:`(?:`\w{{0,16}}\s{{0,64}}(?:{_LIST}|{_OBJECT})?)?)?"
_MAY_CALL = pattern(rf"(?:\n{{1,8}}(?:{_FENCE}|{_LIST}|{_OBJECT})?|{_FENCE}|{_LIST}|{_OBJECT})\Z")
_CALL = pattern(
    rf"\n{{0,8}}(?:```\w{{0,16}}\s{{0,64}})?(?:\[\s{{0,64}})?{''.join(_OPENS[:-1])}([^\"'\\]{{0,64}})[\"']"
)
_PIECE: Final = 4_096  # characters that are read at once: what stands behind a call is copied at each
_GAP = pattern(r"\s*,?\s*")


class SpokenCalls:
    """Fed with text as it comes."""

    def __init__(self) -> None:
        self._held = ""  # may begin a call, and is not much
        self._calls: list[tuple[str, list[str]]] = []
        self._open: Brackets | None = None  # of the call that is being written
        self._is_fresh = False  # nothing of its arguments was read

    def feed(self, text: str) -> tuple[str, list[StreamChunk]]:
        """What is new of what is said, and of the calls."""
        said: list[str] = []
        chunks: list[StreamChunk] = []
        for at in range(0, len(text), _PIECE):
            self._read(text[at : at + _PIECE], said, chunks)
        return "".join(said), chunks

    def _read(self, text: str, said: list[str], chunks: list[StreamChunk]) -> None:
        self._held += text
        while True:
            if self._open is not None:
                if not self._read_arguments(self._open, chunks):
                    break
                continue
            found = _CALL.search(self._held)
            if found is None:
                may_call = _MAY_CALL.search(self._held)
                at = len(self._held) if may_call is None else may_call.start()
            else:
                at = found.start()
            if not self._calls:
                said.append(self._held[:at])
            self._held = self._held[at if found is None else found.end() :]
            if found is None:
                break
            self._begin(found[1], chunks)

    def end(self) -> str:
        """What has turned out to be said, now that no more comes."""
        held, self._held = self._held, ""
        return "" if self._calls else held

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(ToolCall("", name, "".join(pieces)) for name, pieces in self._calls)

    def _begin(self, name: str, chunks: list[StreamChunk]) -> None:
        self._calls.append((name, []))
        self._open, self._is_fresh = Brackets(depth=1), True
        chunks.append(StreamChunk("tool_call_start", "", self._slot, "", name))
        self._extend("{", chunks)

    def _read_arguments(self, brackets: Brackets, chunks: list[StreamChunk]) -> bool:
        """Whether the open call has come to its end."""
        if self._is_fresh:
            gap = _GAP.match(self._held)
            assert gap is not None, "the pattern matches nothing at all, too"
            if gap.end() == len(self._held):
                self._held = "," if "," in self._held else ""  # blanks are read once
                return False
            self._held = self._held[gap.end() :]
            self._is_fresh = False
        end = brackets.end_in(self._held)
        self._extend(self._held[:end], chunks)
        self._held = "" if end is None else self._held[end:]
        if end is None:
            return False
        name, pieces = self._calls[-1]
        chunks.append(StreamChunk("tool_call_end", "".join(pieces), self._slot, "", name))
        self._open = None
        return True

    def _extend(self, text: str, chunks: list[StreamChunk]) -> None:
        if text:
            self._calls[-1][1].append(text)
            chunks.append(StreamChunk("tool_call_chunk", text, self._slot))

    @property
    def _slot(self) -> int:
        return len(self._calls) - 1


def spoken_calls(text: str) -> tuple[str, tuple[ToolCall, ...]]:
    """What a whole answer says, and what it calls."""
    reader = SpokenCalls()
    said, _ = reader.feed(text)
    said += reader.end()
    return said, reader.calls


def said_in_words(text: str, calls: Iterable[ToolCall]) -> str:
    """The same the other way around."""
    made = ", ".join(call_in_words(call.name, call.arguments) for call in calls)
    return f"{text}\n[{made}]".lstrip()
