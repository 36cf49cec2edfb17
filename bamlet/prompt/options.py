"""The keywords of `ctx.output_format(…)`, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from ..jinja.values import kind_of, show
from ..records import dataclass, fields
from .errors import PromptError

NOT_GIVEN: Any = object()


@dataclass(frozen=True, slots=True)
class OutputFormatOptions:
    """`prefix` None or empty means none at all. `hoist_classes` is True for all, or the names in their order."""

    prefix: str | None = NOT_GIVEN
    always_hoist_enums: bool = False
    enum_value_prefix: str = "- "
    or_splitter: str = " or "
    hoisted_class_prefix: str = ""
    hoist_classes: Literal[True] | tuple[str, ...] = ()
    map_style: Literal["angle", "object"] = "angle"
    quote_class_fields: bool = False
    render_null_as: str = "null"


def read_options(given: Mapping[str, object]) -> OutputFormatOptions:
    """Raises `PromptError`. None stands for the default, or for nothing where there is such a choice.

    `null` is no word of templates but a name that nobody defines, so undefined counts as None.
    """
    read: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _READ:
            known = ", ".join(field.name for field in fields(OutputFormatOptions))
            raise PromptError(f"ctx.output_format has no option `{name}`; it has {known}")
        value = None if kind_of(value) == "undefined" else value
        if value is not None or name in _NONE_IS_EMPTY:
            read[name] = _READ[name](name, value)
    return OutputFormatOptions(**read)


def _text(name: str, value: object) -> str:
    if isinstance(value, str | int | float):
        return show(value)
    raise PromptError(f"the option {name} is a text, not a value of kind {kind_of(value)}")


def _text_or_none(name: str, value: object) -> str | None:
    return None if value is None else _text(name, value)


def _text_or_empty(name: str, value: object) -> str:
    return "" if value is None else _text(name, value)


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise PromptError(f"the option {name} is true or false, not a value of kind {kind_of(value)}")


def _hoist_classes(name: str, value: object) -> Literal[True] | tuple[str, ...]:
    if value is True:
        return True
    if value is False or value == "auto":
        return ()
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise PromptError(f'the option {name} is true, false, "auto" or a list of class names')


def _map_style(name: str, value: object) -> str:
    if value in ("angle", "object"):
        return str(value)
    raise PromptError(f'the option {name} is "angle" or "object"')


_READ: dict[str, Callable[[str, object], object]] = {
    "prefix": _text_or_none,
    "always_hoist_enums": _flag,
    "enum_value_prefix": _text_or_empty,
    "or_splitter": _text,
    "hoisted_class_prefix": _text_or_empty,
    "hoist_classes": _hoist_classes,
    "map_style": _map_style,
    "quote_class_fields": _flag,
    "render_null_as": _text,
}
_NONE_IS_EMPTY = frozenset(("prefix", "enum_value_prefix", "hoisted_class_prefix"))
