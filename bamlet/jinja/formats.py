"""`tojson` and `format(type="json" | "yaml" | "toon")`: a template value as a document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .limits import budget
from .toon import to_toon
from .values import TemplateObject, kind_of
from .yaml import to_yaml

MAX_INDENT = 16
# tojson's result may stand in HTML, so these leave as escapes.
_HTML_SAFE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&'"}


def to_json(value: object, indent: int | bool | None = None) -> str:
    """JSON under the fields' own names."""
    width = 2 if indent is True else indent or None
    if width is not None and not 0 < width <= MAX_INDENT:
        raise TypeError(f"the indent is between 1 and {MAX_INDENT}, not {width}")
    return _json(plain(value, aliased=False, whole_floats=True), width).translate(_HTML_SAFE)


def format_as(value: object, *positional: Any, type: str | None = None, **options: Any) -> str:
    """A document under the aliases that the model sees. A float without a fraction is written as an int."""
    if type is None or positional:
        raise TypeError('format needs a keyword: format(type="json"), "yaml" or "toon"')
    if type not in ("json", "yaml", "toon"):
        raise TypeError(f'format knows the types "json", "yaml" and "toon", not "{type}"')
    data = plain(value, aliased=True, whole_floats=False)
    if type == "toon":
        return to_toon(data, **options)
    if options:
        raise TypeError(f'format(type="{type}") takes no argument `{next(iter(options))}`')
    return _json(data, None) if type == "json" else to_yaml(data)


def plain(value: Any, *, aliased: bool, whole_floats: bool) -> Any:
    """The value as dict, list and scalars."""
    if isinstance(value, TemplateObject):
        value = value.data(aliased=aliased)
    if isinstance(value, float) and not whole_floats and value.is_integer():
        return int(value)
    if isinstance(value, str | int | float | None):
        if isinstance(value, str):
            budget().copy(len(value))
        return value
    if isinstance(value, Mapping):
        budget().step(len(value))
        return {str(key): plain(item, aliased=aliased, whole_floats=whole_floats) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        budget().step(len(value))
        return [plain(item, aliased=aliased, whole_floats=whole_floats) for item in value]
    if kind_of(value) == "undefined":
        return None
    raise TypeError(f"a value of kind {kind_of(value)} has no plain form")


def _json(data: Any, indent: int | None) -> str:
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(data, ensure_ascii=False, separators=separators, indent=indent)
