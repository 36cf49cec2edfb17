"""Two values that should agree, in; where they do not, out: by path, as data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from ..records import dataclass

MAX_SHOWN = 400
MAX_ITEMS = 10
MAX_NEAREST = 3
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Difference:
    """`expected` and `actual` are plain data; `note` is one more line for a person."""

    path: str
    expected: Any
    actual: Any
    note: str = ""
    lacks: bool = False  # nothing stands at the path
    extra: bool = False  # nothing should


def differences(operator: str, left: Any, right: Any) -> tuple[Difference, ...]:
    """Of a comparison that came out as false. What stands to the right is what was expected."""
    if operator == "eq":
        return tuple(_unequal("$", right, left))
    if operator == "in":
        return (_absent(left, right),)
    if _are_numbers(left, right) and operator in ("lt", "lteq", "gt", "gteq"):
        return (Difference("$", right, left, _distance(left, right)),)
    return ()


def _unequal(path: str, expected: Any, actual: Any) -> Iterator[Difference]:
    if _are_numbers(expected, actual):
        if expected != actual:
            yield Difference(path, expected, actual, _distance(actual, expected))
    elif isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in {**expected, **actual}:
            yield from _at(f"{path}.{key}", key in expected, key in actual, expected.get(key), actual.get(key))
    elif isinstance(expected, list) and isinstance(actual, list):
        for at in range(max(len(expected), len(actual))):
            there = at < len(expected), at < len(actual)
            yield from _at(
                f"{path}[{at}]", *there, *(side[at] if at < len(side) else None for side in (expected, actual))
            )
    elif type(expected) is not type(actual) or expected != actual:
        yield Difference(path, expected, actual, _marked(expected, actual))


def _at(path: str, wanted: bool, found: bool, expected: Any, actual: Any) -> Iterator[Difference]:
    if wanted and found:
        yield from _unequal(path, expected, actual)
    else:
        yield Difference(path, expected, actual, lacks=wanted, extra=found)


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _distance(actual: float, expected: float) -> str:
    """In as few digits as the numbers themselves have."""
    digits = max(_digits(actual), _digits(expected))
    return f"difference {actual - expected:.{digits}f}" if digits else f"difference {actual - expected}"


def _digits(number: float) -> int:
    text = repr(number)
    return len(text.partition(".")[2]) if isinstance(number, float) and "e" not in text else 0


def _marked(expected: Any, actual: Any) -> str:
    """Where two texts of one line part, for the eye: blanks and a row of marks."""
    if not (isinstance(expected, str) and isinstance(actual, str)) or "\n" in expected + actual:
        return ""
    if len(expected) + len(actual) > MAX_SHOWN:
        return ""
    marks = [" "] * len(actual)
    for kind, _, _, start, end in SequenceMatcher(None, expected, actual, autojunk=False).get_opcodes():
        if kind != "equal":
            marks[start : max(end, start + 1)] = "^" * max(end - start, 1)
    return "".join(marks).rstrip()


def _absent(item: Any, container: Any) -> Difference:
    """What was looked for, and what in the container comes nearest to it."""
    there = [value if isinstance(value, str) else shown(value) for value in _members(container)]
    wanted = item if isinstance(item, str) else shown(item)
    near = get_close_matches(wanted, there, MAX_NEAREST, 0.4)
    told = f"nearest: {', '.join(map(json.dumps, near))}" if near else ""
    return Difference("$", item, container, told)


def _members(container: Any) -> list[Any]:
    return [] if isinstance(container, str) else list(container) if isinstance(container, list | dict) else []


def shown(value: Any, *, whole: bool = False) -> str:
    """A value for a person: JSON, cut at some items and characters unless it is to be whole."""
    text = json.dumps(value if whole else _shortened(value), ensure_ascii=False, default=str)
    return text if whole or len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _shortened(value: Any) -> Any:
    if isinstance(value, list):
        kept = [_shortened(item) for item in value[:MAX_ITEMS]]
        return kept if len(value) <= MAX_ITEMS else [*kept, f"… {len(value) - MAX_ITEMS} more"]
    if isinstance(value, Mapping):
        return {key: _shortened(item) for key, item in value.items()}
    return value
