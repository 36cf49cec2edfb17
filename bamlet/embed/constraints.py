"""What a test's constraints may speak of: `this`, and `_` with the result, the latency and earlier checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..interpreter.facts.interface import TestInfo as TestInfo
from ..interpreter.program.link import Program
from ..sysops.clock import Clock
from ..sysops.template_values import template_value


def now_ms() -> float:
    return Clock().now() * 1000


def constraint_failure(
    program: Program, expression: str, value: Any, latency_ms: float, checks: Mapping[str, bool]
) -> str | None:
    """Why a constraint does not hold; None when it does."""
    from .. import jinja

    this = template_value(value, program.interface.schemas)
    around = {"result": this, "latency_ms": latency_ms, "checks": dict(checks)}
    try:
        found = jinja.evaluate(expression, {"this": this, "_": around})
    except (jinja.TemplateError, jinja.ConstraintError) as failure:
        return f"cannot be evaluated: {failure}"
    if found is True:
        return None
    return "is false" if found is False else f"is {found!r}, not true or false"
