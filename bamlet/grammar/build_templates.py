"""Reductions of templates. The indentation is that of the whole, so the text between all holes and tags is worked
out together; what a tag holds becomes a template of its own then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from . import nodes as n
from .build_expressions import condition_of, if_let
from .build_statements import loop_over
from .children import Children, Part, has_token
from .templates import values
from .tokens import Token

_Piece: TypeAlias = "n.TemplateText | n.Hole | Part"


def template(c: Children) -> n.Template:
    texts: list[Token | None] = [None]  # one around each two of the others
    others: list[n.Hole | Part] = []
    for part in _flat(c[1:-1]):
        if isinstance(part, Token):
            texts[-1] = part
        else:
            others.append(part)
            texts.append(None)
    written = [token.value if token else "" for token in texts]
    pieces: list[_Piece] = []
    for at, value in enumerate(values(written, [isinstance(other, Part) for other in others])):
        if (token := texts[at]) is not None and value:
            pieces.append(n.TemplateText(token.start, token.end, value))
        pieces += others[at : at + 1]
    parts, _ = _until_end(iter(pieces))
    return n.Template(c[0].start, c[-1].end, parts)


def _flat(children: Iterable[Any]) -> Iterator[Any]:
    """Text, holes and tags in order, which the grammar has nested."""
    for child in children:
        if isinstance(child, Part) and child.rule in ("template_if", "template_for"):
            yield from _flat(child.children)
        else:
            yield child


def _until_end(pieces: Iterator[_Piece]) -> tuple[tuple[n.TemplateText | n.Hole | n.Tag, ...], Part | None]:
    """What stands before the tag that ends this part, and that tag."""
    made: list[n.TemplateText | n.Hole | n.Tag] = []
    for piece in pieces:
        if not isinstance(piece, Part):
            made.append(piece)
        elif piece.rule == "tag_if":
            choice = _choice(piece, pieces)
            made.append(n.Tag(choice.start, choice.end, choice))
        elif piece.rule == "tag_for":
            loop = _loop(piece, pieces)
            made.append(n.Tag(loop.start, loop.end, n.Repeated(loop.start, loop.end, loop, True)))
        else:
            return tuple(made), piece
    return tuple(made), None


def _block(opener: Part, pieces: Iterator[_Piece]) -> tuple[n.Block, Part]:
    """The template behind a tag, and the tag that ends it, which the grammar has seen."""
    parts, closer = _until_end(pieces)
    assert closer is not None
    start, end = opener.end, closer.start
    return n.Block(start, end, (), n.Template(start, end, parts)), closer


def _choice(tag: Part, pieces: Iterator[_Piece]) -> n.If | n.Match:
    then, closer = _block(tag, pieces)
    otherwise: n.Block | n.If | n.Match
    if closer.rule == "tag_elif":
        otherwise = _choice(closer, pieces)
    elif closer.rule == "tag_else":
        otherwise, closer = _block(closer, pieces)
    else:
        at = closer.start
        otherwise = n.Block(at, at, (), n.Template(at, at, ()))
    written = tag.children[-2]
    if isinstance(written, Part):
        return if_let(tag.start, closer.end, written, then, otherwise)
    condition, bare = condition_of(written)
    return n.If(tag.start, closer.end, condition, then, otherwise, bare)


def _loop(tag: Part, pieces: Iterator[_Piece]) -> n.ForIn:
    bare = not has_token(tag.children, "LPAR")
    binder, iterable = tag.children[2 if bare else 3], tag.children[-2 if bare else -3]
    body, _ = _block(tag, pieces)
    return loop_over(binder, iterable, body, tag.start, bare)
