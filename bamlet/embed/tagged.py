"""Values of a program as JSON that names their classes: a reader with types need not guess what a union holds."""

from __future__ import annotations

from typing import Any

from ..interpreter.runtime.values import Instance, to_plain

TAG = "$type"


def tagged(value: Any) -> Any:
    """As `to_plain`, and each value of a class begins with the name of its class. The value has a plain form."""
    match value:
        case Instance():
            fields = {name: tagged(getattr(value, name)) for name in value.__fields__}
            return {TAG: value.__class_name__, **fields}
        case dict():
            return {str(to_plain(key)): tagged(item) for key, item in value.items()}
        case list() | tuple():
            return [tagged(item) for item in value]
        case _:
            return to_plain(value)
