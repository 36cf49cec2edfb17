"""Text to tree: the items of a file that are whole, and diagnostics for each that is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic
from ..source import SourceFile, Span
from . import nodes as n
from .explain import SyntaxProblem, unknown_item
from .lexer import Lexer
from .refine import refine
from .skip import without_broken_part
from .split import split
from .tokens import LexError, Token, declared_name, unclosed_comment

if TYPE_CHECKING:
    from .tables import Tables

_MOST_PROBLEMS = 20  # of one item; who has made that many knows what to look for


@dataclass(frozen=True, slots=True)
class Parsed:
    """`broken` are the names that items would declare if they could be read."""

    items: tuple[n.Placed[n.Item], ...]
    diagnostics: tuple[Diagnostic, ...]
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """What is wrong with an item, and the name in its head."""

    problems: tuple[SyntaxProblem, ...]
    name: str | None


@dataclass(frozen=True, slots=True)
class _Failure:
    """`is_cut` if the whole text could be cut into tokens."""

    problem: SyntaxProblem
    tokens: list[Token]
    is_cut: bool


@dataclass(slots=True)
class Parser:
    """Parses files item by item and remembers each item's tree by its text.

    `cache` is a folder for the automaton's tables; without one they are made anew.
    """

    cache: Path | None = None
    _items: dict[str, n.Item | _Unreadable] = field(default_factory=dict)
    _before: dict[str, n.Item | _Unreadable] = field(default_factory=dict)
    _tables: Tables[n.Item] | None = None

    def parse(self, file: SourceFile) -> Parsed:
        items: list[n.Placed[n.Item]] = []
        problems: list[tuple[int, SyntaxProblem]] = []
        broken: list[str] = []
        end = 0
        for start, end in split(file.text):
            outcome = self._item(file.text[start:end])
            if isinstance(outcome, _Unreadable):
                problems += ((start, problem) for problem in outcome.problems)
                broken += [outcome.name] if outcome.name else []
            else:
                items.append(n.Placed(outcome, file, start))
        if error := unclosed_comment(file.text[end:]):
            problems.append((end, SyntaxProblem.of(error)))
        return Parsed(tuple(items), tuple(_placed(file, *one) for one in problems), tuple(broken))

    def _item(self, text: str) -> n.Item | _Unreadable:
        outcome = self._items.get(text) or self._before.get(text) or self._parse_item(text)
        self._items[text] = outcome
        return outcome

    def next_round(self) -> None:
        """The files are about to be parsed again: what does not occur in this round is forgotten after it."""
        self._before, self._items = self._items, {}

    def _parse_item(self, text: str) -> n.Item | _Unreadable:
        if problem := unknown_item(text):
            return _Unreadable((problem,), declared_name(text))
        outcome = self._attempt(text)
        if not isinstance(outcome, _Failure):
            return outcome
        return _Unreadable(tuple(self._problems(text, outcome)), declared_name(text))

    def _attempt(self, text: str) -> n.Item | _Failure:
        lexer = Lexer(text)
        try:
            tokens = lexer.run()
        except LexError as error:
            return _Failure(refine(text, lexer.tokens, SyntaxProblem.of(error)), lexer.tokens, False)
        if self._tables is None:
            from .build import BUILD
            from .tables import Tables

            self._tables = Tables(self.cache, BUILD)
        outcome = self._tables.parse(tokens)
        if isinstance(outcome, SyntaxProblem):
            return _Failure(refine(text, tokens, outcome), tokens, True)
        return outcome

    def _problems(self, text: str, failure: _Failure) -> Iterator[SyntaxProblem]:
        """The first one, then those that are left when the lines around each are taken out."""
        seen: set[int] = set()
        for _ in range(_MOST_PROBLEMS):
            problem = failure.problem
            if problem.start not in seen:
                seen.add(problem.start)
                yield problem
            rest = without_broken_part(text, failure.tokens, problem, failure.is_cut)
            outcome = None if rest is None or rest == text else self._attempt(rest)
            if rest is None or not isinstance(outcome, _Failure):
                return
            text, failure = rest, outcome


def _placed(file: SourceFile, start: int, problem: SyntaxProblem) -> Diagnostic:
    span = Span(file, start + problem.start, start + problem.end)
    return problem.code.at(span, problem.message, hint=problem.hint)
