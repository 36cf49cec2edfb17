"""A target to a function that takes plain JSON of exactly its type, or refuses it.

What it takes, the coercer would take without a note, and make the same value of it. Objects come as the pairs that
stand in the text, so that a doubled key shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from ..records import dataclass
from .factory import Factory
from .plain_objects import EXACT_BELOW, TYPES, Make, NotPlain, Reader, Unsupported, class_of, classes_of, once
from .plain_unions import union_of
from .targets import (
    ClassTarget,
    EnumTarget,
    ListTarget,
    LiteralTarget,
    MapTarget,
    NullTarget,
    ScalarTarget,
    Target,
    UnionTarget,
    parts_of,
)


@dataclass(frozen=True, slots=True)
class Plain:
    """The reader of a target, and how many brackets its values open at once: of a recursive type any number."""

    read: Reader
    levels: float


def plain_of(target: Target, known: dict[Target, Plain | None]) -> Plain | None:
    """`known` are those that were made before. There is none for types with constraints, and for unions in which
    several variants could be meant."""
    if target not in known:
        try:
            known[target] = Plain(_made(target, {}), _levels(target, {}))
        except (Unsupported, RecursionError):
            known[target] = None
    return known[target]


def _levels(target: Target, done: dict[Target, float]) -> float:
    if target not in done:
        done[target] = math.inf  # if it is met again below itself
        below = max((_levels(part, done) for part in parts_of(target)), default=0)
        done[target] = below + isinstance(target, ListTarget | MapTarget | ClassTarget)
    return done[target]


def _made(target: Target, making: dict[Target, Reader]) -> Reader:
    known = making.get(target)
    if known is not None:
        return known
    kind = _MAKE.get(type(target))
    if kind is None or target.constraints:
        raise Unsupported
    # A recursive type meets itself while it is made: what it finds then asks when it is called.
    making[target] = _later(target, making)
    made = kind(target, lambda part: _made(part, making))
    making[target] = made
    return made


def _later(target: Target, making: dict[Target, Reader]) -> Reader:
    def read(value: Any, factory: Factory) -> Any:
        return making[target](value, factory)

    return read


def _scalar(target: ScalarTarget, make: Make) -> Reader:
    if target.kind == "float":
        return _float
    kind = TYPES[target.kind]

    def read(value: Any, factory: Factory) -> Any:
        if type(value) is not kind:
            raise NotPlain
        return value

    return read


def _float(value: Any, factory: Factory) -> float:
    if type(value) not in (float, int) or not -EXACT_BELOW < value < EXACT_BELOW:
        raise NotPlain
    return float(value)


def _null(target: NullTarget, make: Make) -> Reader:
    def read(value: Any, factory: Factory) -> None:
        if value is not None:
            raise NotPlain

    return read


def _enum(target: EnumTarget, make: Make) -> Reader:
    name, exact = target.enum, target.words.exact

    def read(value: Any, factory: Factory) -> object:
        word = exact(value) if type(value) is str else None
        if word is None:
            raise NotPlain
        return factory.enum_value(name, word)

    return read


def _literal(target: LiteralTarget, make: Make) -> Reader:
    wanted = target.value

    def read(value: Any, factory: Factory) -> object:
        if type(value) is not type(wanted) or value != wanted:
            raise NotPlain
        return wanted

    return read


def _list(target: ListTarget, make: Make) -> Reader:
    item = make(target.item)
    if isinstance(target.item, ClassTarget):
        return classes_of(target.item, item, make)

    def read(value: Any, factory: Factory) -> list[object]:
        if type(value) is not list:
            raise NotPlain
        return [item(part, factory) for part in value]

    return read


def _map(target: MapTarget, make: Make) -> Reader:
    if not (isinstance(target.key, ScalarTarget) and target.key.kind == "string" and not target.key.constraints):
        raise Unsupported
    entry = make(target.value)

    def read(value: Any, factory: Factory) -> dict[str, object]:
        fields = once(value)
        return {key: entry(part, factory) for key, part in fields.items()}

    return read


_MAKE: Final[dict[type, Callable[[Any, Make], Reader]]] = {
    ScalarTarget: _scalar,
    NullTarget: _null,
    EnumTarget: _enum,
    LiteralTarget: _literal,
    ListTarget: _list,
    MapTarget: _map,
    ClassTarget: class_of,
    UnionTarget: union_of,
}
