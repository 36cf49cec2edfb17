"""What all printers share: tokens with their comments, bracketed lists, and what the source's lines tell.

One rule decides about lines: what was written over several lines stays so, what was on one line stays there if
it fits. A bracketed list counts as written over several lines if one follows its opening bracket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice, zip_longest

from .concrete import Concrete, Leaf, Tree
from .layout import NEXT, NOTHING, SOFT, SPACE, Comment, Doc, Either, Group, Indent, Line, Written

TRAILING_COMMA = Either(",", "")

FORMAT: dict[str, Callable[[Tree], Doc]] = {}


def doc(part: Concrete) -> Doc:
    if isinstance(part, Leaf):
        return (*part.comments, Written(part.text, part.lines_before))
    return FORMAT[part.rule](part)


def bare(leaf: Leaf) -> Doc:
    """The token without its comments, which somebody else prints."""
    return Written(leaf.text, leaf.lines_before)


def dropped(leaf: Leaf | None) -> Sequence[Comment]:
    """What stays of a token that the output does not need: its comments."""
    return leaf.comments if leaf else ()


def always(leaf: Leaf | None, text: str) -> Doc:
    """A token that the output has, whether or not it was written."""
    return (dropped(leaf), text)


def join(parts: Iterable[Doc], separator: Doc) -> Doc:
    joined: list[Doc] = []
    for part in parts:
        joined += (separator, part) if joined else (part,)
    return joined


def in_order(tree: Tree) -> Doc:
    """Children side by side, no blanks between."""
    return [doc(child) for child in tree.children]


def words(tree: Tree) -> Doc:
    """Children with a blank between each two."""
    return join(map(doc, tree.children), SPACE)


def spread_out(parts: Sequence[Concrete]) -> bool:
    """Whether the text between the first token and the last holds a line break."""
    found = chain.from_iterable(map(leaves, parts))
    return any(leaf.starts_line or "\n" in leaf.text for leaf in islice(found, 1, None))


def leaves(part: Concrete) -> Iterable[Leaf]:
    return part.leaves() if isinstance(part, Tree) else (part,)


def brackets(parts: Sequence[Concrete]) -> tuple[Leaf, Sequence[Concrete], Leaf]:
    """An opening bracket, what is inside, and the closing one."""
    opener, *inner, closer = parts
    assert isinstance(opener, Leaf)
    assert isinstance(closer, Leaf)
    return opener, inner, closer


def first_leaf(part: Concrete) -> Leaf:
    return part if isinstance(part, Leaf) else part.first_leaf()


def bracketed(
    opener: Leaf,
    inner: Sequence[Concrete],
    closer: Leaf,
    *,
    edge: Line = SOFT,
    trailing: Doc = NOTHING,
    spread: bool = False,
) -> Doc:
    """A list in brackets with commas, which the source may have left out. `spread` puts it over several lines."""
    end = inner[-1] if inner and isinstance(inner[-1], Leaf) else None
    left_over = (*dropped(end), *closer.comments)
    elements: list[Doc] = []
    for part, comma in zip_longest(inner, inner[1:]):
        if isinstance(part, Tree):
            between = comma if isinstance(comma, Leaf) and comma is not end else None
            elements.append((doc(part), dropped(between)))
    if not elements:
        edge, trailing = SOFT, NOTHING
    spread = spread or first_leaf([*inner, closer][0]).starts_line
    inside = Indent((edge, join(elements, (",", NEXT)), trailing, left_over))
    return Group((doc(opener), inside, edge, bare(closer)), broken=spread and bool(elements or left_over))
