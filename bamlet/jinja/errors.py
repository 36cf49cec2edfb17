"""What can be wrong with a template: one exception with a message and, where known, a place in its text."""

from __future__ import annotations


class TemplateError(Exception):
    """A template that does not parse, or that failed while it was rendered.

    `line` and `column` count from 1 in the template's own text. A failure while rendering knows its line only.
    """

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        if self.line is None:
            return self.message
        place = f"line {self.line}" if self.column is None else f"line {self.line}, column {self.column}"
        return f"{place}: {self.message}"


class UnclosedTag(TemplateError):
    """A tag or block that is never closed; the place is where it opens, `missing` what would close it."""

    def __init__(self, opening: str, missing: str, line: int, column: int) -> None:
        super().__init__(f"this `{opening}` is never closed", line, column)
        self.opening = opening
        self.missing = missing


class ConstraintError(TemplateError):
    """A constraint that did not come out as true or false."""
