"""A class and a field in, and what stands in the field where a constructor leaves it out; None if that cannot be.

Errors of the library tell more than their message to programs that look. Who throws one need not know of that.
"""

from __future__ import annotations

from ...types.schema import Field
from ...types.ty import BOOL, INT, STRING, ListTy, MapTy, Ty, bare

_ERRORS = frozenset(
    f"baml.errors.{name}" for name in ("Timeout", "HttpStatus", "LlmClient", "FinishReason", "Validation")
)
_EMPTY: dict[Ty, object] = {STRING: "", INT: 0, BOOL: False}


def left_out(class_name: str, field: Field) -> object | None:
    """An empty value, so that whoever reads the field finds what its type promises."""
    if class_name not in _ERRORS or field.name == "message":
        return None
    match ty := bare(field.ty):
        case ListTy():
            return []
        case MapTy():
            return {}
        case _:
            return _EMPTY.get(ty)
