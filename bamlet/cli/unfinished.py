"""A value that is still arriving in; its lines as JSON out, each with whether the model is not done with it.

Models write in the order of the fields. So the last place that has something is where the text is now: what stands
before it is finished, a text there may grow, and what is empty behind it has not come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple


class Line(NamedTuple):
    text: str
    is_unfinished: bool


def lines(value: Any) -> list[Line]:
    """With two blanks for each level. A text that is the whole value is not marked: it would be all of it."""
    return list(_lines(value, "", "", "", is_open=isinstance(value, (dict, list))))


def _lines(value: Any, indent: str, before: str, after: str, *, is_open: bool) -> Iterator[Line]:
    """`before` is the key, `after` the comma; an open value is one that the text has not passed."""
    if not isinstance(value, (dict, list)) or not value:
        text = json.dumps(value, ensure_ascii=False)
        yield Line(f"{indent}{before}{text}{after}", is_open and _may_change(value))
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield Line(f"{indent}{before}{opening}", False)
    parts = list(value.items()) if isinstance(value, dict) else [(None, item) for item in value]
    reached = max((at for at, (_, part) in enumerate(parts) if _has_something(part)), default=-1)
    for at, (key, part) in enumerate(parts):
        name = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
        comma = "," if at < len(parts) - 1 else ""
        is_passed = at < reached and _has_something(part)
        yield from _lines(part, f"{indent}  ", name, comma, is_open=is_open and not is_passed)
    yield Line(f"{indent}{closing}{after}", False)


def _may_change(value: Any) -> bool:
    """Numbers and booleans are shown when they are finished."""
    return value is None or isinstance(value, (str, dict, list))


def _has_something(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != {}
