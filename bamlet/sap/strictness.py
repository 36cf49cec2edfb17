"""Whether a reading is that of a text that keeps to JSON: the text is read once more, in pieces, with pauses."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from typing import Final

from ..patterns import pattern
from .nodes import ArrayNode, Container, Node, TextNode

READ_AT_ONCE: Final = 65_536  # characters: Python's own reader takes a millisecond or two for them

_COMMA = pattern(r"[ \t\n\r]*,(?=[ \t\n\r]*[^] \t\n\r}])")


def is_json(node: Node, text: str) -> Generator[None, None, bool]:
    """Lines and tabs in strings end none of them."""
    work = [node]
    while work:
        node = work.pop()
        if isinstance(node, TextNode) or node.end is None or node.end - node.start <= READ_AT_ONCE:
            if not _is_value(text[node.start : node.end]):
                return False
        else:
            for piece in _pieces(node, text, work):
                if piece is None or not _is_value(piece):
                    return False
                yield
        yield
    return True


def _pieces(node: Container, text: str, long: list[Node]) -> Iterator[str | None]:
    """A long list or object as several, each cut behind a part; None where no comma follows such a part.

    A part that is long itself is left out, a number in its place, and put to the `long` ones.
    """
    opener, closer = "[]" if isinstance(node, ArrayNode) else "{}"
    kept: list[str] = []
    first = at = node.start
    for part in node.values:
        if part.end is None:
            break
        if not isinstance(part, TextNode) and part.end - part.start > READ_AT_ONCE:
            long.append(part)
            kept += (text[at : part.start], "0")
            at = part.end
        if part.end - first > READ_AT_ONCE:
            yield _opened("".join([*kept, text[at : part.end], closer]), opener, is_first=first == node.start)
            kept.clear()
            first = at = part.end
    end = "".join([*kept, text[at : node.end]])
    if first == node.start or end.strip(" \t\n\r") != closer:
        yield _opened(end, opener, is_first=first == node.start)


def _opened(piece: str, opener: str, *, is_first: bool) -> str | None:
    if is_first:
        return piece
    comma = _COMMA.match(piece)
    return opener + piece[comma.end() :] if comma else None


def _is_value(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True
