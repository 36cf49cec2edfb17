"""A file's text to the texts of its items, without parsing them: where one ends is told by braces and keywords.

Items are parsed one by one, so that a broken one hides no other and an unchanged one is not parsed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .tokens import ITEM_KEYWORDS, TRIVIA

_KEYWORD = "|".join(sorted((word for word in ITEM_KEYWORDS if word != "dynamic"), key=len, reverse=True))

# Strings and comments are passed over whole. A `//` after a colon is part of a URL.
_MARK = re.compile(
    r'(?P<raw>(?<!#)(?P<hashes>#+)"[\s\S]*?"(?P=hashes)(?!#))'
    r'|(?P<string>"(?:[^"\\]|\\[\s\S])*")'
    r"|(?P<comment>\{//[\s\S]*?//\}|/\*[\s\S]*?\*/|(?<!:)//[^\n]*)"
    r"|(?P<open>[{(\[])"
    r"|(?P<close>[})\]])"
    rf"|(?P<item>(?:^|(?<=[\s}};]))(?:client(?=\s*<)|(?:{_KEYWORD})(?=\s+[\w\"])))",
    re.MULTILINE,
)
_ITEM_IN_COLUMN_ONE = re.compile(rf'^(?:{_KEYWORD})(?:\s*<[^>\n]*>)?\s+[\w"]', re.MULTILINE)
_NOT_AN_ITEM = re.compile(r"[ \t]*[:=,?)@|]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # `splitlines` would also cut at form feeds and their like
_WITHOUT_BRACES = {"type", "template_string", "string_template", "let"}


def split(text: str) -> Iterator[tuple[int, int]]:
    """The range of each item, leading comments included. Text that belongs to no item is a range of its own."""
    cuts, balanced = _cuts(text)
    if not balanced:
        # A brace is missing somewhere. Items that begin a line bound the damage to one of them.
        cuts = sorted({*_cuts_before_damage(text), *(m.start() for m in _ITEM_IN_COLUMN_ONE.finditer(text))})
    start = 0
    for cut in [*cuts, len(text)]:
        if not _is_trivia(text, start, cut):
            yield start, cut
            start = cut


def _is_trivia(text: str, start: int, end: int) -> bool:
    match = TRIVIA.match(text, start, end)
    return start == end or (match is not None and match.end() == end)


def _cuts(text: str) -> tuple[list[int], bool]:
    """Where an item ends or the next begins, and whether all brackets fit."""
    cuts: list[int] = []
    depth = 0
    head = ""
    for mark in _MARK.finditer(text):
        match mark.lastgroup:
            case "open":
                depth += 1
            case "close":
                depth -= 1
                if depth < 0:
                    return cuts, False
                if depth == 0 and mark[0] == "}" and head not in _WITHOUT_BRACES:
                    cuts.append(mark.end())
                    head = ""
            case "item" if depth == 0 and _begins_item(text, mark, cuts, head):
                head = mark[0]
                cuts.append(_start_of_comments(text, mark.start(), cuts[-1] if cuts else 0))
    return cuts, depth == 0


def _begins_item(text: str, mark: re.Match[str], cuts: list[int], head: str) -> bool:
    """A keyword in the middle of a header, such as a parameter's or alias's name, begins nothing."""
    line = text.rfind("\n", 0, mark.start()) + 1
    at_line_start = not text[line : mark.start()].strip()
    return (at_line_start or not head) and _NOT_AN_ITEM.match(text, mark.end()) is None


def _start_of_comments(text: str, at: int, earliest: int) -> int:
    """Comment lines right above an item are its own."""
    start = at
    for line in reversed(_LINE.findall(text, earliest, at)):
        if line.strip() and not line.lstrip().startswith("//"):
            break
        start -= len(line)
    return max(start, earliest)


def _cuts_before_damage(text: str) -> list[int]:
    """The cuts up to the last item that is whole: behind it the counting of brackets means nothing."""
    cuts, _ = _cuts(text)
    columns = [m.start() for m in _ITEM_IN_COLUMN_ONE.finditer(text)]
    return [cut for cut in cuts if any(column >= cut for column in columns)]
