"""Text to tree: the items of a file that are whole, and diagnostics for each that is not."""

from __future__ import annotations

from collections.abc import Container
from functools import cache
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic
from ..records import dataclass, field
from ..source import SourceFile, Span
from . import nodes as n
from .lexer import Lexer
from .problem import SyntaxProblem
from .refine import refine
from .skip import without_broken_part
from .split import split
from .tokens import LexError, Token, declared_name, unclosed_comment
from .unknown_item import unknown_item

if TYPE_CHECKING:
    from .tables import Tables

_MOST_PROBLEMS = 20  # of one item; who has made that many knows what to look for


@dataclass(frozen=True, slots=True)
class Gap:
    """The range of an item, and the text in it that could not be read; `is_last` if a block ends behind that."""

    file: str
    start: int
    end: int
    text: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class Parsed:
    """`broken` are the names that items would declare if they could be read; `gaps` are the items of which a part
    could not."""

    file: SourceFile
    items: tuple[n.Placed[n.Item], ...]
    diagnostics: tuple[Diagnostic, ...]
    broken: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """What is wrong with an item, the name in its head, and what could be read of it all the same."""

    problems: tuple[SyntaxProblem, ...]
    name: str | None
    rest: n.Item | None = None
    left: str | None = None


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

    cache: str | None = None
    _items: dict[str, n.Item | _Unreadable] = field(default_factory=dict)
    _before: dict[str, n.Item | _Unreadable] = field(default_factory=dict)
    _ranges: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    _ranges_before: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def parse(self, file: SourceFile, only: Container[int] | None = None) -> Parsed:
        """All items, or those at some places among `ranges`."""
        items: list[n.Placed[n.Item]] = []
        problems: list[tuple[int, SyntaxProblem]] = []
        broken: list[str] = []
        gaps: list[Gap] = []
        end = 0
        for place, (start, end) in enumerate(self.ranges(file.text)):
            if only is not None and place not in only:
                continue
            item: n.Item | _Unreadable | None = self._item(file.text[start:end])
            if isinstance(item, _Unreadable):
                problems += ((start, problem) for problem in item.problems)
                if item.left is not None:
                    gaps.append(_gap(file, start, end, item.left))
                if item.name and not isinstance(item.rest, n.FunctionDecl):  # its signature is known
                    broken.append(item.name)
                item = item.rest
            if item is not None:
                items.append(n.Placed(item, file, start))
        if error := unclosed_comment(file.text[end:]):
            problems.append((end, SyntaxProblem.of(error)))
        wrong = tuple(_placed(file, *one) for one in problems)
        return Parsed(file, tuple(items), wrong, tuple(broken), tuple(gaps))

    def _item(self, text: str) -> n.Item | _Unreadable:
        outcome = self._items.get(text) or self._before.get(text) or self._parse_item(text)
        self._items[text] = outcome
        return outcome

    def ranges(self, text: str) -> list[tuple[int, int]]:
        """Where each item begins and ends."""
        ranges = self._ranges.get(text) or self._ranges_before.get(text) or list(split(text))
        self._ranges[text] = ranges
        return ranges

    def next_round(self) -> None:
        """The files are about to be parsed again: what does not occur in this round is forgotten after it."""
        self._before, self._items = self._items, {}
        self._ranges_before, self._ranges = self._ranges, {}

    def _parse_item(self, text: str) -> n.Item | _Unreadable:
        if problem := unknown_item(text):
            return _Unreadable((problem,), declared_name(text))
        outcome = self._attempt(text)
        if not isinstance(outcome, _Failure):
            return outcome
        problems, rest, left = self._go_on(text, outcome)
        return _Unreadable(tuple(problems.values()), declared_name(text), rest, left)

    def _attempt(self, text: str) -> n.Item | _Failure:
        lexer = Lexer(text)
        try:
            tokens = lexer.run()
        except LexError as error:
            return _Failure(refine(text, lexer.tokens, SyntaxProblem.of(error)), lexer.tokens, False)
        outcome = _tables(self.cache).parse(tokens)
        if isinstance(outcome, SyntaxProblem):
            return _Failure(refine(text, tokens, outcome), tokens, True)
        return outcome

    def _go_on(self, text: str, failure: _Failure) -> tuple[dict[int, SyntaxProblem], n.Item | None, str | None]:
        """All problems by their places, found by taking out the lines around each; and what is readable then, with
        the text that it was read from."""
        problems: dict[int, SyntaxProblem] = {}
        left = text
        for _ in range(_MOST_PROBLEMS):
            problems.setdefault(failure.problem.start, failure.problem)
            rest = without_broken_part(left, failure.tokens, failure.problem, failure.is_cut)
            if rest is None or rest == left:
                break
            outcome = self._attempt(rest)
            if not isinstance(outcome, _Failure):
                item = _independent_part(outcome, text, rest)
                return problems, item, rest if item else None
            left, failure = rest, outcome
        return problems, None, None


def _independent_part(item: n.Item, text: str, left: str) -> n.Item | None:
    """Fields, values and whole methods are right or wrong whatever else there is. Of what has a body, the rest of
    it is looked at, and the gap tells which mistakes may come of what is missing."""
    if isinstance(item, n.FunctionDecl | n.ClientDecl | n.RetryPolicyDecl | n.TestDecl | n.GeneratorDecl):
        return item
    if not isinstance(item, n.ClassDecl | n.EnumDecl):
        return None
    whole = [
        method for method in item.methods if text[method.start : method.end] == left[method.start : method.end]
    ]
    return item.replaced(methods=tuple(whole))


def _gap(file: SourceFile, start: int, end: int, left: str) -> Gap:
    text = file.text[start:end]
    missing = [at for at, char in enumerate(left) if char != text[at]]
    behind = left[missing[-1] + 1 :].lstrip()
    lost = "".join(char if char != left[at] else " " for at, char in enumerate(text))
    return Gap(file.name, start, end, lost, behind.startswith("}"))


def _placed(file: SourceFile, start: int, problem: SyntaxProblem) -> Diagnostic:
    span = Span(file, start + problem.start, start + problem.end)
    return problem.code.at(span, problem.message, hint=problem.hint)


@cache
def _tables(folder: str | None) -> Tables[n.Item]:
    """The automaton never changes, and takes longer to read than a program: one serves the process."""
    from .build import BUILD
    from .tables import Tables

    return Tables(folder, BUILD)
