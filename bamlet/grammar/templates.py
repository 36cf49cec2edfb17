"""The text of a template: where it ends, and what it is worth without its indentation and escapes.

A template is written between back-ticks. Its pieces of text stand between holes, and the holes count as text that
is not blank and has no line breaks.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..patterns import pattern
from .tokens import TEMPLATE_MARK, unescape

_MORE_ESCAPES = {"`": "`", "$": "$", "b": "\b", "v": "\v", "f": "\f"}
_MARKS_OF_CODE = pattern(
    r'(?P<string>(?<!#)#+"|"(?:[^"\\]|\\[\s\S])*")|(?P<comment>//[^\n]*|/\*[\s\S]*?\*/)|(?P<ticks>`+)|(?P<brace>[{}])'
)


def values(pieces: Sequence[str], are_tags: Sequence[bool]) -> list[str]:
    """The values of the pieces of one template as they stand in the source, between each two a hole or a tag."""
    pieces = [piece.replace("\r\n", "\n").replace("\r", "\n") for piece in pieces]
    if any("\n" in piece for piece in pieces):
        hole = _unused_character(pieces)
        pieces = _dedent(hole.join(pieces)).split(hole)
        pieces = _without_lines_of_tags(pieces, are_tags)
    return [unescape(piece, _MORE_ESCAPES) for piece in pieces]


def _without_lines_of_tags(pieces: list[str], are_tags: Sequence[bool]) -> list[str]:
    """A line that holds nothing but tags and blanks is none of the text, nor is its line break."""
    kept = [slice(0, len(piece)) for piece in pieces]
    first = 0
    while first < len(are_tags):
        last = first
        while last + 1 < len(are_tags) and are_tags[last + 1] and not pieces[last + 1].strip(" \t"):
            last += 1
        before, after = _END_OF_LINE.search(pieces[first]), _REST_OF_LINE.match(pieces[last + 1])
        if before and after and all(are_tags[first : last + 1]):
            begins_line, ends_line = before[1] or first == 0, after[1] or last + 1 == len(are_tags)
            if begins_line and ends_line:
                kept[first] = slice(kept[first].start, before.start(2))
                kept[first + 1 : last + 1] = [slice(0, 0)] * (last - first)
                kept[last + 1] = slice(after.end(), len(pieces[last + 1]))
        first = last + 1
    return [piece[part] for piece, part in zip(pieces, kept, strict=True)]


_END_OF_LINE = pattern(r"(\n|\A)([ \t]*)\Z")
_REST_OF_LINE = pattern(r"[ \t]*(\n|\Z)")


def _unused_character(pieces: Sequence[str]) -> str:
    used = set().union(*pieces)
    return next(chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in used)


def _dedent(text: str) -> str:
    """Escapes are decoded after this, so what they stand for is never taken for indentation."""
    lines = text.strip("\n").rstrip(" \t\n").split("\n")
    indentations = [_indentation(line) for line in lines if line.strip()]
    shared = _length_of_shared(min(indentations, default=""), max(indentations, default=""))
    return "\n".join(line[shared:] if line.strip() else "" for line in lines).lstrip("\n")


def _length_of_shared(first: str, last: str) -> int:
    """Of the first and the last in alphabetical order, and so of all between them."""
    differing = (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return next(differing, min(len(first), len(last)))


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def end_of_template(text: str, at: int, ticks: int) -> int | None:
    """Behind the closing ticks of the template whose inside begins at `at`; None if it is never closed."""
    while mark := TEMPLATE_MARK.search(text, at):
        at = mark.end()
        if mark[0] == "${":
            end = _end_of_hole(text, at)
            if end is None:
                return None
            at = end
        elif mark[0][0] == "`" and len(mark[0]) >= ticks:
            return at
    return None


def _end_of_hole(text: str, at: int) -> int | None:
    depth = 1
    while mark := _MARKS_OF_CODE.search(text, at):
        at = mark.end()
        if mark["ticks"]:
            end = end_of_template(text, at, len(mark["ticks"]))
            if end is None:
                return None
            at = end
        elif mark["string"] and mark["string"].startswith("#"):
            closer = '"' + mark["string"][:-1]
            end = text.find(closer, at)
            if end < 0:
                return None
            at = end + len(closer)
        elif mark["brace"]:
            depth += 1 if mark["brace"] == "{" else -1
            if depth == 0:
                return at
    return None
