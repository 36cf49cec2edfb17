"""A message of the compiler as data: what is wrong, where, and one thing to do."""

from __future__ import annotations

from typing import Literal

from ..records import dataclass, field, replace
from ..source import Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Code:
    """`follows_a_gap` is set where text that could not be read may hold just what is missing."""

    slug: str
    number: str
    severity: Severity
    title: str
    follows_a_gap: bool = field(default=False, compare=False)

    def for_lack(self) -> Code:
        """The same code, of something that is not there."""
        return replace(self, follows_a_gap=True)

    def at(self, span: Span, message: str, *notes: Note, hint: str | None = None) -> Diagnostic:
        return Diagnostic(self, span, message, notes, hint)


@dataclass(frozen=True, slots=True)
class Note:
    """Another place that has to do with it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    code: Code
    span: Span
    message: str
    notes: tuple[Note, ...] = ()
    hint: str | None = None

    @property
    def severity(self) -> Severity:
        return self.code.severity


def in_order(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """By file and place."""
    return tuple(sorted(diagnostics, key=lambda found: (found.span.file.name, found.span.start)))
