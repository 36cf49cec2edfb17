"""What plain JSON is read as, and its objects as classes: the pairs that stand in the text in, an instance out.

Lists differ from objects, and a doubled key shows. A list of objects is looked at column by column: most have the
same keys in the same order, and then a few calls answer for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final, TypeAlias

from .factory import Factory
from .targets import ClassTarget, FieldTarget, ListTarget, MapTarget, ScalarTarget, Target, UnionTarget

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

    def read(value: Any, factory: Factory) -> object:
        fields = once(value)
        if tuple(fields) != keys:
            fields = fill(fields)
        parts = zip(names, readers, fields.values(), strict=True)
        return factory.instance(name, {field: part(cell, factory) for field, part, cell in parts})

    return read


def classes_of(target: ClassTarget, one: Reader, make: Make) -> Reader:
    """A list of objects of a class, of which `one` reads a single one."""
    name, keys = target.schema, tuple(entry.key for entry in target.fields)
    names = tuple(entry.name for entry in target.fields)
    count, key_orders, is_renamed = len(keys), {keys}, names != keys
    columns = [
        (entry.name, itemgetter(entry.name), _as_they_are(entry), make(entry.target)) for entry in target.fields
    ]

    def read(value: Any, factory: Factory) -> list[object]:
        if type(value) is not list:
            raise NotPlain
        if set(map(type, value)) != _ONLY_OBJECTS or set(map(len, value)) != {count}:
            return [one(part, factory) for part in value]
        rows: list[dict[str, Any]] = list(map(dict, value))
        if set(map(tuple, rows)) != key_orders:
            return [one(part, factory) for part in value]
        if is_renamed:
            rows = [dict(zip(names, row.values(), strict=True)) for row in rows]
        for column, values_of, kinds, part in columns:
            values = list(map(values_of, rows))
            if not _are_of(kinds, values):
                for row, cell in zip(rows, values, strict=True):
                    row[column] = part(cell, factory)
        make_instance = factory.instance
        return [make_instance(name, row) for row in rows]

    return read


def _are_of(kinds: frozenset[type], values: list[Any]) -> bool:
    """Whether they can stay as they are."""
    if not kinds.issuperset(map(type, values)):
        return False
    if float not in kinds:
        return True
    numbers = [value for value in values if value is not None]
    return not numbers or -EXACT_BELOW < min(numbers) <= max(numbers) < EXACT_BELOW


def _as_they_are(entry: FieldTarget) -> frozenset[type]:
    """The types of JSON that are values of the field without being read any further."""
    target = entry.target
    only = target.variants[0] if isinstance(target, UnionTarget) and len(target.variants) == 1 else target
    if not isinstance(only, ScalarTarget):
        return frozenset()
    return frozenset({TYPES[only.kind], type(None)} if target.optional else {TYPES[only.kind]})


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


_ONLY_OBJECTS: Final = {PairsOf}
_EMPTY: Final[dict[type, Callable[[], Any]]] = {ListTarget: list, MapTarget: PairsOf}
