"""Text to tree: the items of a file that are whole, and a diagnostic for each that is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic
from ..source import SourceFile, Span
from . import nodes as n
from .explain import SyntaxProblem
from .lexer import Lexer
from .split import split
from .tokens import LexError

if TYPE_CHECKING:
    from .tables import Tables


@dataclass(frozen=True, slots=True)
class Parsed:
    items: tuple[n.Placed[n.Item], ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class Parser:
    """Parses files item by item and remembers each item's tree by its text.

    `cache` is a folder for the automaton's tables; without one they are made anew.
    """

    cache: Path | None = None
    _items: dict[str, n.Item | SyntaxProblem] = field(default_factory=dict)
    _before: dict[str, n.Item | SyntaxProblem] = field(default_factory=dict)
    _tables: Tables[n.Item] | None = None

    def parse(self, file: SourceFile) -> Parsed:
        items: list[n.Placed[n.Item]] = []
        diagnostics: list[Diagnostic] = []
        for start, end in split(file.text):
            text = file.text[start:end]
            outcome = self._items.get(text) or self._before.get(text) or self._parse_item(text)
            self._items[text] = outcome
            if isinstance(outcome, SyntaxProblem):
                span = Span(file, start + outcome.start, start + outcome.end)
                diagnostics.append(outcome.code.at(span, outcome.message, hint=outcome.hint))
            else:
                items.append(n.Placed(outcome, file, start))
        return Parsed(tuple(items), tuple(diagnostics))

    def next_round(self) -> None:
        """The files are about to be parsed again: what does not occur in this round is forgotten after it."""
        self._before, self._items = self._items, {}

    def _parse_item(self, text: str) -> n.Item | SyntaxProblem:
        try:
            tokens = Lexer(text).run()
        except LexError as error:
            return SyntaxProblem(error.code, error.start, error.end, error.message, error.hint)
        if self._tables is None:
            from .build import BUILD
            from .tables import Tables

            self._tables = Tables(self.cache, BUILD)
        return self._tables.parse(tokens)
