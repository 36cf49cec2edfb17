"""What constraints ask of a value that is to be invented: bounds, choices and shapes, each at a path below it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ..records import dataclass, field
from ..types.ty import Constraint
from .dice import Dice

Path = tuple[str, ...]


@dataclass(slots=True)
class Wants:
    """Of one value. Bounds include themselves; `apart` are values that it must not have."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False  # `low` itself is too low
    below: bool = False
    shortest: int = 0
    longest: int | None = None
    choices: list[Any] | None = None
    apart: list[Any] = field(default_factory=list)
    pattern: str | None = None
    start: str = ""
    end: str = ""
    inner: dict[str, Wants] = field(default_factory=dict)

    def at(self, path: Path) -> Wants:
        found = self
        for step in path:
            found = found.inner.setdefault(step, Wants())
        return found

    @property
    def bounded(self) -> bool:
        return self.low > -math.inf or self.high < math.inf


def wants_of(constraints: Iterable[Constraint], dice: Dice, onto: Wants | None = None) -> Wants:
    """Of an `or` one side is chosen. What cannot be told from an expression asks for nothing here."""
    wants = onto if onto is not None else Wants()
    for constraint in constraints:
        _add(wants, _condition(constraint.expression), dice)
    return wants


@lru_cache(maxsize=512)
def _condition(expression: str) -> Any:
    from ..jinja.conditions import read_condition  # brings jinja2, which most types do without

    return read_condition(expression)


def _add(wants: Wants, condition: Any, dice: Dice) -> None:
    from ..jinja.conditions import AllOf, Compared, OneOf, Shaped

    match condition:
        case AllOf():
            for part in condition.parts:
                _add(wants, part, dice)
        case OneOf():
            _add(wants, dice.choice(condition.parts), dice)
        case Shaped():
            found = wants.at(condition.path)
            if condition.kind == "pattern":
                found.pattern = condition.value
            else:
                setattr(found, condition.kind, condition.value)
        case Compared(length=True, value=int() as value):
            _bound_length(wants.at(condition.path), condition.operator, value)
        case Compared():
            _bound(wants.at(condition.path), condition.operator, condition.value)


def _bound_length(wants: Wants, operator: str, value: int) -> None:
    if operator in ("gt", "gteq", "eq"):
        wants.shortest = max(wants.shortest, value + (operator == "gt"))
    if operator in ("lt", "lteq", "eq"):
        most = value - (operator == "lt")
        wants.longest = most if wants.longest is None else min(wants.longest, most)


def _bound(wants: Wants, operator: str, value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match operator:
        case "eq":
            wants.choices = [value]
        case "in" if isinstance(value, list):
            wants.choices = value
        case "ne":
            wants.apart.append(value)
        case "notin" if isinstance(value, list):
            wants.apart += value
        case "gt" | "gteq" if number and value >= wants.low:
            wants.low, wants.above = value, operator == "gt"
        case "lt" | "lteq" if number and value <= wants.high:
            wants.high, wants.below = value, operator == "lt"
