"""What a test's constraints may speak of, `this` and `_`, and what they say of a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..interpreter.facts.interface import TestConstraint as TestConstraint
from ..interpreter.facts.interface import TestInfo as TestInfo
from ..interpreter.program.link import Program
from ..records import dataclass, field
from ..sysops.clock import Clock
from ..sysops.template_values import template_value


def now_ms() -> float:
    return Clock().now() * 1000


def constraint_failure(
    program: Program, expression: str, value: Any, latency_ms: float, checks: Mapping[str, bool]
) -> str | None:
    """Why a constraint does not hold; None when it does."""
    return judge(program, expression, value, {"latency_ms": latency_ms}, checks).problem


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A part of an expression, where it stands in it, and its value as plain data."""

    start: int
    end: int
    source: str
    value: Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """A comparison that came out as false, its values as plain data.

    The operator is jinja2's name for it; it stands from `start` to `end` of the expression.
    """

    operator: str
    left: Any
    right: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a constraint does not hold, if it does not, and whether that is because nobody can tell."""

    problem: str | None = None
    undecided: bool = False
    values: tuple[ShownValue, ...] = field(default=())
    refusals: tuple[Refusal, ...] = field(default=())


def judge(
    program: Program, expression: str, value: Any, measured: Mapping[str, Any], checks: Mapping[str, bool]
) -> Verdict:
    """`measured` is what `_` has beside the result and the checks."""
    from .. import jinja
    from ..jinja.explain import explain

    try:
        kept = _wrapped_paths(expression)
        this = _unwrapped(template_value(value, program.interface.schemas), kept, ())
        told = explain(expression, {"this": this, "_": {**measured, "result": this, "checks": dict(checks)}})
    except jinja.TemplateError as failure:
        return Verdict(f"cannot be evaluated: {failure}", undecided=True)
    values = tuple(ShownValue(step.start, step.end, step.source, _plain(step.value)) for step in told.steps)
    if told.problem is not None:
        return Verdict(f"cannot be evaluated: {told.problem}", undecided=True, values=values)
    if told.value is True:
        return Verdict(None, values=values)
    if told.value is False:
        refusals = tuple(
            Refusal(pair.operator, _plain(pair.left.value), _plain(pair.right.value), pair.start, pair.end)
            for pair in told.refused
        )
        return Verdict("is false", values=values, refusals=refusals)
    return Verdict(f"is {_plain(told.value)!r}, not true or false", undecided=True, values=values)


_OF_CHECKED = ("checks", "value")


def _wrapped_paths(expression: str) -> set[tuple[str, ...]]:
    """The places of which a constraint wants to see the checks of a type, and not the value alone."""
    from .. import jinja

    if not any(step in expression for step in _OF_CHECKED):
        return set()  # most ask for none, and need not be read for it
    return {
        use.path[:at]
        for use in jinja.expression_names(expression)
        for at, step in enumerate(use.path)
        if step in _OF_CHECKED
    }


def _unwrapped(value: Any, kept: set[tuple[str, ...]], path: tuple[str, ...]) -> Any:
    """A value with checks of its own reads as the value: `this.w > 5` compares the number."""
    from .. import prompt

    match value:
        case prompt.ClassValue() if value.schema.name == "Checked" and not {path, ("result", *path)} & kept:
            return _unwrapped(value.fields["value"], kept, path)
        case prompt.ClassValue():
            fields = {name: _unwrapped(item, kept, (*path, name)) for name, item in value.fields.items()}
            return prompt.ClassValue(value.schema, fields)
        case list():
            return [_unwrapped(item, kept, path) for item in value]
        case dict():
            return {key: _unwrapped(item, kept, (*path, str(key))) for key, item in value.items()}
        case _:
            return value


def _plain(value: Any) -> Any:
    """What a template sees, as data for people and machines."""
    from .. import prompt
    from ..jinja import TemplateObject

    match value:
        case prompt.EnumValue():
            return value.member
        case prompt.ClassValue():
            return {name: _plain(item) for name, item in value.fields.items()}
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple() | range():
            return [_plain(item) for item in value]
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case TemplateObject():
            return value.show()
        case _:
            return str(value)
