"""What to say of an index that is out of bounds: an IndexError in, the index and the length out.

Found where the failure is caught, in the frame that it left, so that indexing itself costs nothing for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from itertools import islice
from typing import Any, TypeAlias

from ..facts.pieces import Way

# Of each subscript in emitted code, by file, lines and columns: the way to what is indexed, and the variable that
# holds the index, or the index itself.
Subscripts: TypeAlias = Mapping[tuple[str, int, int, int, int], tuple[Way, str | int]]


def out_of_bounds(failure: IndexError) -> str:
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "index out of bounds"
    frame = trace.tb_frame
    place = next(islice(frame.f_code.co_positions(), trace.tb_lasti // 2, None), None)
    known: Subscripts = frame.f_globals["$subscripts"]() if "$subscripts" in frame.f_globals else {}
    found = known.get((frame.f_code.co_filename, *place)) if place is not None else None  # type: ignore[arg-type]
    if found is None:
        return "index out of bounds"
    way, index = found
    try:
        return described(_value(way, frame.f_locals), _index(index, frame.f_locals))
    except (LookupError, AttributeError):  # the index itself has changed what it is an index of
        return "index out of bounds"


def _value(way: Way, values: Mapping[str, Any]) -> Any:
    if isinstance(way, str):
        return values[way]
    kind, owner, part = way
    held = _value(owner, values)
    return getattr(held, str(part)) if kind == "." else held[_index(part, values)]


def _index(index: str | int, values: Mapping[str, Any]) -> Any:
    return values[index] if isinstance(index, str) else index


def described(held: Any, index: Any) -> str:
    length = f", and the length is {len(held)}" if isinstance(held, Sized) else ""
    return f"index out of bounds: {index}{length}"
