"""Arguments as programs for BAML give them: mappings for instances may have keys that the class does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fitting import innermost
from .shapes import Checks, Either, Listed, Mapped, Maybe, Named, Object, Shape, Shapes


def without_unknown_keys(value: Any, shape: Shape, shapes: Shapes) -> Any:
    """The value, what the program does not know left out of its mappings; objects know their fields themselves."""
    match shape:
        case Object(name=name) if isinstance(value, Mapping):
            fields = shapes.final_fields(name)
            known = {
                key: without_unknown_keys(item, fields[key], shapes)
                for key, item in value.items()
                if key in fields
            }
            return {**value, **known} if shapes.is_open(name) else known
        case Listed(item=item) if isinstance(value, list | tuple):
            return [without_unknown_keys(one, item, shapes) for one in value]
        case Mapped(value=item) if isinstance(value, Mapping):
            return {key: without_unknown_keys(one, item, shapes) for key, one in value.items()}
        case Maybe(inner=inner):
            return without_unknown_keys(value, inner, shapes)
        case Checks(inner=inner):
            return without_unknown_keys(value, inner, shapes)
        case Either(members=members):
            # Which of several classes is meant, only its keys tell.
            holding = _OF_MAPPINGS if isinstance(value, Mapping) else _OF_LISTS
            meant = [member for member in members if isinstance(innermost(member), holding)]
            return without_unknown_keys(value, meant[0], shapes) if len(meant) == 1 else value
        case _:
            return value


# What an alias stands for may be either.
_OF_MAPPINGS = (Object, Mapped, Named)
_OF_LISTS = (Listed, Named)
