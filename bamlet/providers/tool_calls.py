"""Tool calls out of fragments. Fragments name their slot by index; servers that get this wrong are common."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .completion import ToolCall


@dataclass(slots=True)
class _Slot:
    index: int
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)


class ToolCallSlots:
    """The calls of one answer, in the order of their indexes, which need be neither dense nor ascending."""

    def __init__(self) -> None:
        self._slots: list[_Slot] = []
        self._by_index: dict[int, _Slot] = {}
        self._last: _Slot | None = None

    def __bool__(self) -> bool:
        return bool(self._slots)

    def feed(self, fragments: Any) -> None:
        if not isinstance(fragments, list):
            return
        for fragment in fragments:
            if isinstance(fragment, dict):
                self._feed_one(fragment)

    def calls(self) -> tuple[ToolCall, ...]:
        slots = sorted(self._slots, key=lambda slot: slot.index)
        return tuple(ToolCall(slot.id, slot.name, "".join(slot.pieces)) for slot in slots)

    def _feed_one(self, fragment: dict[str, Any]) -> None:
        given_id = fragment.get("id") or ""
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
        arguments = function.get("arguments", function.get("input"))
        if isinstance(arguments, str):
            slot.pieces.append(arguments)
        elif arguments is not None:
            slot.pieces.append(json.dumps(arguments, ensure_ascii=False, separators=(",", ":")))

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

    def _open(self, index: int | None) -> _Slot:
        slot = _Slot(len(self._slots) if index is None else index)
        self._slots.append(slot)
        if index is not None:
            self._by_index[index] = slot
        return slot
