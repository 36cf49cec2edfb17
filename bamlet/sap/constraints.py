"""`@check` and `@assert` on a value, by an evaluator that the caller hands in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from ..records import dataclass
from ..types.ty import Constraint
from .targets import Target

# Whether an expression holds for a value. A `ValueError` says that it could not be evaluated.
Holds: TypeAlias = Callable[[str, object], bool]


@dataclass(frozen=True, slots=True)
class Check:
    """How one `@check` went; `error` says why it could not be evaluated."""

    name: str
    expression: str
    status: Literal["succeeded", "failed"]
    error: str | None = None


def has_checks(target: Target) -> bool:
    return any(constraint.kind == "check" for constraint in target.constraints)


def evaluate(constraint: Constraint, value: object, holds: Holds) -> Check:
    name = constraint.name or constraint.expression
    # As BAML shows it: a backslash doubled.
    shown = constraint.expression.replace("\\", "\\\\")
    try:
        succeeded = holds(constraint.expression, value)
    except ValueError as problem:
        return Check(name, shown, "failed", str(problem))
    return Check(name, shown, "succeeded" if succeeded else "failed")
