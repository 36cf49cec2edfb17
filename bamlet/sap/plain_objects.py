"""What plain JSON is read as, and its objects as classes: the pairs that stand in the text in, an instance out.

Lists differ from objects, and a doubled key shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .factory import Factory
from .targets import ClassTarget, ListTarget, MapTarget, Target

PairsOf: Final = tuple
"""What objects are read as: lists differ from it."""

Reader: TypeAlias = Callable[[Any, Factory], Any]
Make: TypeAlias = "Callable[[Target], Reader]"

EXACT_BELOW: Final = 2**53  # every whole number below is a float; beyond, a report tells of digits that are lost
TYPES: Final[dict[str, type]] = {"string": str, "int": int, "bool": bool, "float": float}


class NotPlain(Exception):
    """Of a value that is left to the coercer."""


class Unsupported(Exception):
    """Of a target for which there is no reader."""


def once(value: Any) -> dict[str, Any]:
    """The fields of an object in which no key comes twice."""
    if type(value) is not PairsOf:
        raise NotPlain
    fields = dict(value)
    if len(fields) != len(value):
        raise NotPlain
    return fields


def class_of(target: ClassTarget, make: Make) -> Reader:
    entries = target.fields
    if not entries or any(target.by_key[entry.key] is not entry for entry in entries):
        raise Unsupported
    name, keys = target.schema, tuple(entry.key for entry in entries)
    names = tuple(entry.name for entry in entries)
    readers = [make(entry.target) for entry in entries]
    fill = _filling(target)
    # Where all fields are scalars, their types are looked at in one comparison.
    kinds = tuple(TYPES.get(getattr(entry.target, "kind", ""), object) for entry in entries)
    floats = [at for at, kind in enumerate(kinds) if kind is float]

    def read(value: Any, factory: Factory) -> object:
        if type(value) is PairsOf and len(value) == len(keys):
            found, values = zip(*value, strict=False)
            if found == keys and tuple(map(type, values)) == kinds:
                for at in floats:
                    if not -EXACT_BELOW < values[at] < EXACT_BELOW:
                        raise NotPlain
                return factory.instance(name, dict(value if names == keys else zip(names, values, strict=True)))
        fields = fill(once(value))
        parts = zip(names, readers, keys, strict=True)
        return factory.instance(name, {field: part(fields[key], factory) for field, part, key in parts})

    return read


def _filling(target: ClassTarget) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An object with its keys in another order, or without those that may be missing, to one with all in order."""
    entries = tuple((entry.key, entry.defaulted, _EMPTY.get(type(entry.target))) for entry in target.fields)
    keys = frozenset(entry.key for entry in target.fields)

    def fill(fields: dict[str, Any]) -> dict[str, Any]:
        if not fields or not keys.issuperset(fields):
            raise NotPlain
        filled: dict[str, Any] = {}
        for key, defaulted, empty in entries:
            if key in fields:
                filled[key] = fields[key]
            elif defaulted:
                filled[key] = None if empty is None else empty()
            else:
                raise NotPlain
        return filled

    return fill


_EMPTY: Final[dict[type, Callable[[], Any]]] = {ListTarget: list, MapTarget: PairsOf}
