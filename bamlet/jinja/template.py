"""A template's text to a `Template`, an expression to its value. jinja2 is imported here, on first use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .errors import ConstraintError, TemplateError, UnclosedTag
from .limits import Budget
from .uses import NameUse
from .values import kind_of

if TYPE_CHECKING:
    from .compiled import Compiled

__all__ = [
    "NameUse",
    "Template",
    "evaluate",
    "expression_names",
    "holds",
    "known_filters",
    "parse_template",
    "read_template",
]


class Template:
    """A parsed template. It keeps nothing of a rendering and may be used from many tasks."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str, compiled: Compiled) -> None:
        self.text = text
        self._compiled = compiled

    def render(self, variables: Mapping[str, Any], budget: Budget | None = None) -> str:
        """Raises `TemplateError`. Templates that call each other hand on the budget."""
        return self._compiled.render(variables, Budget() if budget is None else budget)

    def names(self) -> tuple[NameUse, ...]:
        """Each use of a name that comes from outside, `range` and the other functions of ours included."""
        return self._compiled.names

    def unknown_filters(self) -> tuple[NameUse, ...]:
        """Each use of a filter or test that does not exist; rendering fails when it gets there."""
        return self._compiled.unknown


@lru_cache(maxsize=1_024)
def parse_template(text: str) -> Template:
    """Raises `TemplateError` with line and column."""
    from .compiled import compile_template

    return Template(text, compile_template(text))


MAX_FAILURES = 20


def read_template(text: str) -> tuple[Template | None, tuple[TemplateError, ...]]:
    """All mistakes of a text, and a template of what can be read.

    Behind a mistake in `{{ … }}` the text is read again without it. A statement cannot be left out: names and
    other statements hang on it.
    """
    failures: dict[tuple[int, int], TemplateError] = {}
    left: str | None = text
    while left is not None and len(failures) < MAX_FAILURES:
        try:
            return parse_template(left), tuple(failures.values())
        except TemplateError as failure:
            place = failure.line or 1, failure.column or 1
            left = None if place in failures else _without_output(left, failure, *place)
            failures.setdefault(place, failure)
    return None, tuple(failures.values())


def _without_output(text: str, failure: TemplateError, line: int, column: int) -> str | None:
    """The text with blanks for the `{{ … }}` of a failure, so that all places stay what they are."""
    at = sum(len(before) + 1 for before in text.split("\n")[: line - 1]) + column - 1
    if isinstance(failure, UnclosedTag):
        start, end = at, text.find("\n", at) if failure.missing == "}}" else -1
    else:
        start, end = text.rfind("{{", 0, at + 1), text.find("}}", at)
    if start == -1 or end == -1 or "{%" in text[start:at]:
        return None
    end += 2 if text.startswith("}}", end) else 0
    return text[:start] + re.sub(r"\S", " ", text[start:end]) + text[end:]


def expression_names(expression: str) -> tuple[NameUse, ...]:
    """The names that an expression takes from outside. Raises `TemplateError` if it does not parse."""
    return _parse_expression(expression).names


def known_filters() -> tuple[str, ...]:
    """The names of all filters and tests."""
    from .compiled import filter_names

    return filter_names()


def evaluate(expression: str, variables: Mapping[str, Any]) -> object:
    """The value of an expression, without braces around it; undefined is None."""
    value = _parse_expression(expression).value(variables)
    return None if kind_of(value) == "undefined" else value


def holds(expression: str, this: object) -> bool:
    """Whether a constraint is true of a value. Raises `ConstraintError` if it is neither true nor false."""
    try:
        value = _parse_expression(expression).value({"this": this})
    except TemplateError as error:
        raise ConstraintError(error.message, error.line, error.column) from error
    if not isinstance(value, bool):
        raise ConstraintError(f"`{expression}` gives a value of kind {kind_of(value)}, not true or false")
    return value


@lru_cache(maxsize=1_024)
def _parse_expression(text: str) -> Compiled:
    from .compiled import compile_expression

    return compile_expression(text)
