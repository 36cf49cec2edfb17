"""Values with all that lies in them: compared, copied, shown to a debugging eye, and put together by spreads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress, repeat
from typing import Any

from .media import MediaValue
from .operators import equal
from .values import EnumValue, Instance, instance_from_fields, parts
from .walking import Walk


def deep_equals(rounds: Iterator[bool], left: Any, right: Any) -> bool:
    """Equality by content, of any depth: not-a-number equals itself, instances need the same class.

    Two that contain themselves are equal when no way into both of them finds a difference.
    """
    pending = [(left, right)]
    seen: set[tuple[int, int]] = set()
    while pending:
        next(rounds)
        a, b = pending.pop()
        if a is b or (id(a), id(b)) in seen:
            continue
        if isinstance(a, list | dict | Instance):
            seen.add((id(a), id(b)))
        match a, b:
            case list(), list() if len(a) == len(b):
                pending += zip(a, b, strict=True)
            case dict(), dict() if a.keys() == b.keys():
                pending += ((a[key], b[key]) for key in a)
            case Instance(), Instance() if type(a) is type(b):
                pending += ((getattr(a, name), getattr(b, name)) for name in a.__fields__)
            case float(), float() if a != a and b != b:
                continue
            case MediaValue(), MediaValue() if a == b:
                continue
            case _ if not equal(a, b):
                return False
    return True


def place_by_content(rounds: Iterator[bool], items: list[Any], wanted: Any) -> int:
    """Of the first item that equals what is wanted; -1 if there is none."""
    return next((at for at, item in enumerate(items) if deep_equals(rounds, item, wanted)), -1)


def deep_copy(rounds: Iterator[bool], value: Any) -> Any:
    """A copy that shares no list, map or instance with the original. What occurs twice is copied once."""
    copies: dict[int, Any] = {}
    pending: list[Any] = [value]
    while pending:
        next(rounds)
        original = pending.pop()
        if id(original) in copies or not isinstance(original, list | dict | Instance):
            continue
        kind: Any = type(original)
        copies[id(original)] = kind.__new__(kind)
        pending += parts(original)
    for original in compress(_reached(value), rounds):
        _fill(copies, original)
    return copies.get(id(value), value)


def _reached(value: Any) -> Iterator[Any]:
    seen: set[int] = set()
    pending = [value]
    while pending:
        current = pending.pop()
        if id(current) in seen or not isinstance(current, list | dict | Instance):
            continue
        seen.add(id(current))
        yield current
        pending += parts(current)


def _fill(copies: dict[int, Any], original: Any) -> None:
    copy = copies[id(original)]
    match original:
        case list():
            copy.extend(copies.get(id(item), item) for item in original)
        case dict():
            copy.update((key, copies.get(id(item), item)) for key, item in original.items())
        case Instance():
            for name in original.__fields__:
                item = getattr(original, name)
                setattr(copy, name, copies.get(id(item), item))


def copied(value: Any, copies: dict[int, Any] | None = None) -> Any:
    """A list or a map that was looked into, with what lies in it, for one who trusts what was seen."""
    copies = {} if copies is None else copies
    kind = type(value)
    if (kind is not list and kind is not dict) or id(value) in copies:
        return copies.get(id(value), value)
    copy: Any = kind()
    copies[id(value)] = copy
    if kind is list:
        copy.extend(copied(item, copies) for item in value)
    else:
        copy.update((key, copied(item, copies)) for key, item in value.items())
    return copy


def unstable_string(rounds: Iterator[bool], value: Any) -> str:
    """A value for a debugging eye: strings bare at the top, quoted inside, and dots for what contains them."""
    return value if isinstance(value, str) else _debug(value, 0, frozenset(), Walk(rounds))


def _debug(value: Any, depth: int, above: frozenset[int], walk: Walk) -> str:
    if isinstance(value, list | dict | Instance) and id(value) not in above:
        return _debug_inside(value, depth, above | {id(value)}, walk)
    text = _debug_single(value)
    walk.step(len(text))
    return text


def _debug_single(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list() | dict() | Instance():
            return "..."
        case EnumValue():
            return f"{value.enum}.{value.name}"
        case _:
            return repr(value)


def _debug_inside(
    value: list[Any] | dict[Any, Any] | Instance, depth: int, above: frozenset[int], walk: Walk
) -> str:
    def inside(part: Any, deeper: int = 0) -> str:
        return _debug(part, depth + deeper, above, walk)

    match value:
        case list():
            walk.step(2 + 2 * len(value))
            return "[" + ", ".join(map(inside, value)) + "]"
        case dict():
            walk.step(2 + 4 * len(value))
            return "{" + ", ".join(f"{inside(key)}: {inside(item)}" for key, item in value.items()) + "}"
        case Instance():
            pad = "    " * depth
            walk.step((len(pad) + 8) * (1 + len(value.__fields__)))
            fields = ((name, inside(getattr(value, name), 1)) for name in value.__fields__)
            lines = "".join(f"{pad}    {name}: {shown},\n" for name, shown in fields)
            return f"{value.__class_name__} {{\n{lines}{pad}}}"


def spread(cls: type[Instance], *entries: tuple[str, Any]) -> Instance:
    """A constructor with spreads: an entry with an empty name is the source of all fields. Later ones win."""
    fields: dict[str, Any] = {}
    for name, value in entries:
        if name:
            fields[name] = value
        else:
            fields.update(zip(value.__fields__, map(getattr, repeat(value), value.__fields__), strict=True))
    return instance_from_fields(cls, fields)
