"""Plain data as it may be written into a report: without the secrets in its texts and its keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def hidden(value: Any, hide: Callable[[str], str]) -> Any:
    """The data with what `hide` makes of each text; what is no plain data becomes one."""
    match value:
        case str():
            return hide(value)
        case dict():
            return {hide(str(name)): hidden(item, hide) for name, item in value.items()}
        case list():
            return [hidden(item, hide) for item in value]
        case None | bool() | int() | float():
            return value
        case _:
            return hide(repr(value))
