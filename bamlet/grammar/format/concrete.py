"""A file's text to concrete trees: every token as it is written, every comment at the token that follows it.

A tree's node is what build.py makes of the same rule, so that one parse gives both what to print and what it
must still mean afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from ...records import dataclass
from .. import nodes as n
from ..build import BUILD
from ..children import Children
from ..lexer import Lexer
from ..problem import SyntaxProblem
from ..split import split
from ..tables import Tables
from ..tokens import COMMENT, LexError, Token, doc_lines, unclosed_comment
from .layout import Comment


class Leaf(Token):
    """A token with its source text, the comments before it, and the line breaks between those and itself."""

    __slots__ = ("comments", "lines_before", "text")

    def __init__(self, token: Token, text: str, comments: tuple[Comment, ...], lines_before: int) -> None:
        super().__init__(token.type, token.value, token.start, token.end, token.doc)
        self.text = text
        self.comments = comments
        self.lines_before = lines_before

    @property
    def starts_line(self) -> bool:
        """Whether a line break stands between it and the token before it."""
        return self.lines_before > 0 or any(comment.needs_lines for comment in self.comments)


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    rule: str
    children: tuple[Concrete, ...]
    node: Any

    def leaves(self) -> Iterator[Leaf]:
        todo: list[Concrete] = [self]
        while todo:
            part = todo.pop()
            if isinstance(part, Tree):
                todo.extend(reversed(part.children))
            else:
                yield part

    def first_leaf(self) -> Leaf:
        return next(self.leaves())

    def leaf(self, type: str) -> Leaf | None:
        return next((c for c in self.children if isinstance(c, Leaf) and c.type == type), None)

    def tree(self, rule: str) -> Tree | None:
        return next((c for c in self.children if isinstance(c, Tree) and c.rule == rule), None)

    def before_and_from(self, type: str) -> tuple[tuple[Concrete, ...], tuple[Concrete, ...]]:
        """The children before the first leaf of a type, and those from it on."""
        at = next(i for i, c in enumerate(self.children) if isinstance(c, Leaf) and c.type == type)
        return self.children[:at], self.children[at:]

    def trees(self) -> list[Tree]:
        return [c for c in self.children if isinstance(c, Tree)]


Concrete: TypeAlias = Tree | Leaf


@dataclass(frozen=True, slots=True)
class ConcreteItem:
    """The comments before an item are the item's and not its first token's."""

    comments: tuple[Comment, ...]
    lines_before: int
    tree: Tree
    offset: int


@dataclass(frozen=True, slots=True)
class ConcreteFile:
    items: tuple[ConcreteItem, ...]
    end: tuple[Comment, ...]

    @property
    def meaning(self) -> tuple[n.Item, ...]:
        return tuple(item.tree.node for item in self.items)

    def blanks(self, text: str) -> str:
        """What is neither token nor comment."""
        at = 0
        gaps: list[str] = []
        for item in self.items:
            for leaf in item.tree.leaves():
                gaps.append(text[at : item.offset + leaf.start])
                at = item.offset + leaf.end
        return COMMENT.sub(_blanks_at_end, "".join([*gaps, text[at:]]))

    def comments(self) -> list[str]:
        """The texts of all comments in order."""
        found: list[Comment] = []
        for item in self.items:
            found += item.comments
            found += (comment for leaf in item.tree.leaves() for comment in leaf.comments)
        return [comment.text for comment in (*found, *self.end)]


def _blanks_at_end(comment: re.Match[str]) -> str:
    return comment[0][len(comment[0].rstrip()) :]


def tables(cache: str | None) -> Tables[Tree]:
    return Tables(cache, {rule: _reduction(rule, build) for rule, build in BUILD.items()})


def _reduction(rule: str, build: Callable[[Children], Any]) -> Callable[[Children], Tree]:
    def reduce(children: Children) -> Tree:
        return Tree(rule, tuple(children), build([c.node if isinstance(c, Tree) else c for c in children]))

    return reduce


def read(text: str, parser: Tables[Tree]) -> ConcreteFile | None:
    """The file's items; None if one does not parse."""
    items: list[ConcreteItem] = []
    at = 0
    for start, end in split(text):
        try:
            tokens = Lexer(text[start:end]).run()
        except LexError:
            return None
        if not tokens:
            return None
        first = start + tokens[0].start
        comments, lines_before = _comments(text[at:first])
        tree = parser.parse(_leaves(text[start:end], tokens))
        if isinstance(tree, SyntaxProblem):
            return None
        items.append(ConcreteItem(comments, lines_before, tree, start))
        at = start + tokens[-1].end
    if unclosed_comment(text[at:]) is not None:
        return None
    comments, _ = _comments(text[at:])
    return ConcreteFile(tuple(items), comments)


def _leaves(text: str, tokens: Sequence[Token]) -> list[Leaf]:
    leaves: list[Leaf] = []
    at = tokens[0].start
    carried = ""
    for token in tokens:
        gap = carried + text[at : token.start]
        carried = ""
        # A line comment before a separator goes behind it: `a // one` `, b` becomes `a, // one` `b`. A doc
        # comment may not: it would become that of the next member. What is behind an item is not its own.
        is_separator = token.type in ("COMMA", "SEMI") and token is not tokens[-1]
        if is_separator and "//" in gap and not doc_lines(gap):
            gap, carried = "", gap
        leaves.append(Leaf(token, text[token.start : token.end], *_comments(gap)))
        at = token.end
    return leaves


def _comments(gap: str) -> tuple[tuple[Comment, ...], int]:
    """The comments of the text between two tokens, and the line breaks after the last."""
    found = [(match.start(), match[0].rstrip()) for match in COMMENT.finditer(gap)]
    starts = [*(start for start, _ in found), len(gap)]
    ends = [0, *(start + len(text) for start, text in found)]
    lines = [gap.count("\n", end, start) for end, start in zip(ends, starts, strict=True)]
    comments: list[Comment] = []
    leads = True
    for at in reversed(range(len(found))):
        text = found[at][1]
        leads = leads and lines[at + 1] == 0 and not text.startswith("//")
        comments.append(Comment(text, lines[at], leads))
    return tuple(reversed(comments)), lines[-1]
