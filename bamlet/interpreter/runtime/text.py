"""Values as text, the way `string.from` and the holes of templates show them."""

from __future__ import annotations

from typing import Any

from .values import EnumValue, FunctionValue, Instance

CYCLE = "…"


def text(value: Any) -> str:
    """A string is itself; in other values, strings are quoted."""
    return value if isinstance(value, str) else _shown(value, frozenset())


def _shown(value: Any, above: frozenset[int]) -> str:
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
        case list() | dict() | Instance():
            return CYCLE if id(value) in above else _inside(value, above | {id(value)})
        case _:
            return str(value) if isinstance(value, int) else repr(value)


def _inside(value: list[Any] | dict[Any, Any] | Instance, above: frozenset[int]) -> str:
    match value:
        case list():
            return f"[{', '.join(_shown(item, above) for item in value)}]"
        case dict():
            rows = ", ".join(f"{_shown(key, above)}: {_shown(item, above)}" for key, item in value.items())
            return f"{{{rows}}}"
        case Instance():
            fields = ", ".join(f"{name}: {_shown(getattr(value, name), above)}" for name in value.__fields__)
            name = value.__class_name__.rpartition(".")[2]
            return f"{name} {{ {fields} }}" if fields else f"{name} {{}}"
