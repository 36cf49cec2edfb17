"""Values as text, the way `string.from` and the holes of templates show them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .context import Context
from .values import EnumValue, FunctionValue, Instance
from .walking import Walk

CYCLE = "…"


def text(rounds: Iterator[bool], value: Any) -> str:
    """A string is itself; in other values, strings are quoted."""
    return value if isinstance(value, str) else _shown(value, frozenset(), Walk(rounds))


def text_by(context: Context[Any], value: Any) -> str:
    """The same in a program that says of some of its classes how they are shown."""
    return value if isinstance(value, str) else _shown(value, frozenset(), Walk(context.rounds), context)


def plain_text(value: Any) -> str:
    """The same of a value that holds no others, so nothing needs to be counted."""
    return value if isinstance(value, str) else _single(value)


def _shown(value: Any, above: frozenset[int], walk: Walk, context: Context[Any] | None = None) -> str:
    own = context.space.texts.get(_kind(value)) if context is not None else None
    if own is not None and id(value) not in above:
        shown = str(own.code(context, value) if own.needs_context else own.code(value))
        walk.step(len(shown))
        return shown
    if isinstance(value, list | dict | Instance) and id(value) not in above:
        return _inside(value, above | {id(value)}, walk, context)
    shown = _single(value)
    walk.step(len(shown))
    return shown


def _kind(value: Any) -> type | str:
    return value.enum if isinstance(value, EnumValue) else type(value)


def _single(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case EnumValue():
            return value.name
        case FunctionValue():
            return f"<function {value.name}>"
        case bytes():
            return f"<uint8array of {len(value)} bytes>"
        case list() | dict() | Instance():
            return CYCLE
        case _:
            return str(value) if isinstance(value, int) else repr(value)


def _inside(
    value: list[Any] | dict[Any, Any] | Instance, above: frozenset[int], walk: Walk, context: Context[Any] | None
) -> str:
    def inside(part: Any) -> str:
        return _shown(part, above, walk, context)

    match value:
        case list():
            walk.step(2 + 2 * len(value))
            return f"[{', '.join(map(inside, value))}]"
        case dict():
            walk.step(2 + 4 * len(value))
            rows = ", ".join(f"{inside(key)}: {inside(item)}" for key, item in value.items())
            return f"{{{rows}}}"
        case Instance():
            name = value.__class_name__.rpartition(".")[2]
            walk.step(len(name) + 4 + sum(len(field) + 4 for field in value.__fields__))
            fields = ", ".join(f"{field}: {inside(getattr(value, field))}" for field in value.__fields__)
            return f"{name} {{ {fields} }}" if fields else f"{name} {{}}"
