"""Tool calls out of fragments. Fragments name their slot by index; servers that get this wrong are common."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .chunks import StreamChunk
from .completion import ToolCall
from .pieces import TextPieces


class _Slot:
    """One call. `number` is its place among those that began; it begins when its name is known."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.signature: str | None = None
        self.arguments = TextPieces()
        self.has_fragments = False
        self.number: int | None = None
        self.has_ended = False


class ToolCallSlots:
    """The calls of one answer, in the order of their indexes, which need be neither dense nor ascending.

    `listener`, if there is one, hears of each beginning, fragment and end. `empty` stands for the arguments of
    a call that got none.
    """

    def __init__(self, empty: str = "") -> None:
        self.listener: Callable[[StreamChunk], None] | None = None
        self._empty = empty
        self._slots: list[_Slot] = []
        self._by_index: dict[int, _Slot] = {}
        self._last: _Slot | None = None
        self._begun = 0
        self.size = 0  # characters of names and arguments, those that were forgotten among them

    def __bool__(self) -> bool:
        return bool(self._slots)

    def __contains__(self, index: object) -> bool:
        return index in self._by_index

    def clear(self) -> None:
        """Forget every call."""
        self._slots.clear()
        self._by_index.clear()
        self._last = None
        self._begun = 0

    def calls(self) -> tuple[ToolCall, ...]:
        if not self._slots:
            return ()
        slots = sorted(self._slots, key=lambda slot: slot.index)
        return tuple(ToolCall(slot.id, slot.name, slot.arguments.text, slot.signature) for slot in slots)

    def so_far(self) -> list[StreamChunk]:
        """What a listener would have heard, each call's fragments as one."""
        heard = []
        for slot in sorted(filter(lambda slot: slot.number is not None, self._slots), key=_number):
            heard.append(StreamChunk("tool_call_start", "", slot.number, slot.id, slot.name))
            if slot.has_fragments:
                heard.append(StreamChunk("tool_call_chunk", slot.arguments.text, slot.number))
            if slot.has_ended:
                heard.append(self._end_of(slot))
        return heard

    # --- dialects whose calls have a beginning and an end

    def start(self, index: int, call_id: str, name: str, signature: str | None = None) -> None:
        slot = self._open(index)
        slot.id, slot.name, slot.signature = call_id, name, signature
        self._begin(slot)

    def add(self, index: int, arguments: str) -> None:
        """More arguments; a fragment of a call that never began, or has ended, belongs to nobody."""
        slot = self._by_index.get(index)
        if slot is not None and not slot.has_ended:
            self._extend(slot, arguments)

    def end(self, index: int, arguments: str | None = None) -> None:
        """`arguments`, if given, is the whole text, whatever the fragments said."""
        slot = self._by_index.get(index)
        if slot is not None and not slot.has_ended:
            self._end(slot, arguments)

    def whole(self, call_id: str, name: str, arguments: Any) -> None:
        """A call that came in one piece."""
        index = len(self._slots)
        self.start(index, call_id, name)
        self.add(index, _json(arguments))
        self.end(index)

    def end_all(self) -> None:
        """The answer has ended, and so have its calls."""
        for slot in self._slots:
            if not slot.has_ended:
                self._end(slot, None)

    # --- chat completions, where an index is all there is to go by

    def feed(self, fragments: Any) -> None:
        if not isinstance(fragments, list):
            return
        for fragment in fragments:
            if isinstance(fragment, dict):
                self._feed_one(fragment)

    def _feed_one(self, fragment: dict[str, Any]) -> None:
        given = fragment.get("id") or ""
        given_id = given if isinstance(given, str) else str(given)
        slot = self._slot(fragment.get("index"), given_id)
        self._last = slot
        function = fragment.get("function") or fragment.get("custom")
        if not isinstance(function, dict):
            function = {}
        if given_id:
            slot.id = given_id
        name = function.get("name")
        # A name that comes again is a repetition, not a continuation.
        if isinstance(name, str) and name and name != slot.name:
            slot.name += name
            if slot.number is None:
                self._begin(slot)
        arguments = function.get("arguments", function.get("input"))
        if arguments is not None:
            self._extend(slot, _json(arguments))

    def _slot(self, index: Any, given_id: str) -> _Slot:
        if not isinstance(index, int):
            if given_id:
                return next((slot for slot in self._slots if slot.id == given_id), None) or self._open(None)
            return self._last or self._open(None)
        slot = self._by_index.get(index)
        if slot is None or (given_id and slot.id and slot.id != given_id):
            # A new id under a used index is a new call: some servers number every call 0.
            return self._open(index)
        return slot

    # --- one slot

    def _open(self, index: int | None) -> _Slot:
        slot = _Slot(len(self._slots) if index is None else index)
        self._slots.append(slot)
        if index is not None:
            self._by_index[index] = slot
        return slot

    def _begin(self, slot: _Slot) -> None:
        slot.number = self._begun
        self._begun += 1
        self.size += len(slot.name)
        if self.listener is not None:
            self.listener(StreamChunk("tool_call_start", "", slot.number, slot.id, slot.name))
            if early := slot.arguments.text:
                self.listener(StreamChunk("tool_call_chunk", early, slot.number))

    def _extend(self, slot: _Slot, arguments: str) -> None:
        new = slot.arguments.add(arguments) if arguments else ""
        slot.has_fragments = slot.has_fragments or bool(new)
        self.size += len(new)
        if new and self.listener is not None and slot.number is not None:
            self.listener(StreamChunk("tool_call_chunk", new, slot.number))

    def _end(self, slot: _Slot, arguments: str | None) -> None:
        if arguments is not None and arguments != slot.arguments.text:
            slot.arguments.clear()
            slot.arguments.add(arguments)
        slot.arguments.close()
        if not slot.arguments.text:
            slot.arguments.add(self._empty)
        if slot.number is None:
            self._begin(slot)
        slot.has_ended = True
        if self.listener is not None:
            self.listener(self._end_of(slot))

    @staticmethod
    def _end_of(slot: _Slot) -> StreamChunk:
        return StreamChunk("tool_call_end", slot.arguments.text, slot.number, slot.id, slot.name)


def _number(slot: _Slot) -> int:
    assert slot.number is not None
    return slot.number


def _json(arguments: Any) -> str:
    """Arguments are JSON text; some servers send the value instead."""
    if isinstance(arguments, str):
        return arguments
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
