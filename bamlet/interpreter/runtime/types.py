"""Types as values, for the functions that look at a type argument: each is told its own by whoever calls it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...types.schema import Schemas
from ...types.ty import Ty
from ...types.variables import replaced
from .conforms import is_of_type
from .space import Views


def type_of(known: Mapping[str, Ty], word: str, found: Mapping[str, Ty] | None = None) -> Ty:
    """A type by the word for it, with what its type parameters are in this call."""
    return replaced(known[word], found or {})


def conforms(schemas: Schemas, views: Views, value: Any, ty: Ty, rounds: Iterator[bool]) -> bool:
    return is_of_type(value, ty, schemas, rounds, views)
