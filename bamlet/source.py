"""Text and ranges in it: what every later stage points at.

A `Span` holds offsets only. Lines and columns are worked out when somebody asks, from the file's line
index; columns count characters, and `\\r\\n` is one line break.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from .patterns import pattern
from .records import dataclass, field

_LINE_START = pattern(r"\r\n|\n|\r")


@dataclass(frozen=True)
class SourceFile:
    """One `.baml` text under the name that messages and tracebacks show."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_START.finditer(self.text))]

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Both counted from 1, the column in characters."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        start = self.line_starts[line - 1]
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open range `[start, end)` of a file's text."""

    file: SourceFile = field(repr=False)
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of the other."""
        return Span(self.file, self.start, other.end)

    @property
    def text(self) -> str:
        return self.file.text[self.start : self.end]

    def __str__(self) -> str:
        line, column = self.file.line_and_column(self.start)
        return f"{self.file.name}:{line}:{column}"
