"""A file's text to the texts of its items, without parsing them: where one ends is told by braces and keywords.

Items are parsed one by one, so that a broken one hides no other and an unchanged one is not parsed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..patterns import pattern
from ..records import dataclass, field
from .templates import end_of_template
from .tokens import CONFIGURED, ITEM_KEYWORDS, TRIVIA

_KEYWORD = "|".join(sorted((word for word in ITEM_KEYWORDS if word != "dynamic"), key=len, reverse=True))

# A line that is the head of an item beyond doubt: a string that runs over it was meant to end before.
_HEAD_LINE = (
    r"(?:(?:class|interface|enum|client(?:<\w+>)?|retry_policy|generator|test)[ \t]+[\w-]+[ \t]*"
    r"(?:\(\)[ \t]*|<[^{}()\n]*>[ \t]*)?\{|implements[ \t<][^{}()\n]*\bfor[ \t][^{}()\n]*\{"
    r"|(?:function|template_string)[ \t]+[\w-]+[ \t]*(?:<[^{}()\n]*>[ \t]*)?\("
    r"|(?:type|let|client)[ \t]+[\w-]+[ \t]*=)"
)
_HEAD = pattern(f"^{_HEAD_LINE}", re.MULTILINE)
_HEAD_HERE = pattern(_HEAD_LINE)

# Strings and comments are passed over whole, and so are the arguments of an attribute. A `//` after a colon is
# part of a URL. An `odd` word begins what would be an item if it were a keyword.
_MARK = pattern(
    r'(?P<raw>(?<!#)#+")'
    rf'|(?P<string>"(?:[^"\\\n]|\\[\s\S]|\n(?!{_HEAD_LINE}))*")'
    r'|(?P<text>@[\w.]+[ \t]*\([^(){}"\n#]*\))'
    r"|(?P<ticks>`+)"
    r"|(?P<block>\{//|/\*)"
    r"|(?P<line>(?<!:)//[^\n]*)"
    r"|(?P<open>[{(\[])"
    r"|(?P<close>[})\]])"
    rf"|(?P<item>(?:^|(?<=[\s}};\ufeff]))(?:(?:client|implements)(?=(?>{TRIVIA.pattern})?<)|(?:{_KEYWORD})(?=(?>{TRIVIA.pattern})[\w\"`])))"
    r"|(?P<odd>^(?!throws\b)[A-Za-z_][\w-]*(?=(?:<\w+>)?[ \t]+[\w-]+[ \t]*[{=(]))",
    re.MULTILINE,
)
# What makes a keyword an ordinary name: a parameter, an alias, a variable that an operator follows.
_NOT_AN_ITEM = pattern(r"[ \t]*[:=,?)@|]|\s+(?:instanceof|catch|catch_all|catch_all_panics)\b(?![ \t]*[{=])")
_GOES_ON = pattern(r"[-+*/%<>=!&|^~]\Z")
_WITHOUT_BRACES = {"type", "template_string", "string_template", "let"}
_EXPRESSIONS = {"type", "let"}
_OPENER = {")": "(", "]": "["}
_BEFORE_COMMENT = frozenset(' \t\r\n,;:{}[]()"') | {""}


# What a mark is, its first characters, and its range: a bare tuple, since a file has one on every line.
_Mark = tuple[str, str, int, int]


def split(text: str) -> Iterator[tuple[int, int]]:
    """The range of each item, leading comments included. Text that belongs to no item is a range of its own."""
    start = 0
    for cut in [*_cuts(text), len(text)]:
        if not _is_trivia(text, start, cut):
            yield start, cut
            start = cut


def _is_trivia(text: str, start: int, end: int) -> bool:
    match = TRIVIA.match(text, start, end)
    return start == end or (match is not None and match.end() == end)


@dataclass(slots=True)
class _Here:
    """The brackets that are open, and the keyword of the item that they belong to; `lost` after one too many."""

    opened: list[str] = field(default_factory=list)
    head: str = ""
    lost: bool = False

    @property
    def is_config(self) -> bool:
        return bool(self.opened) and self.head in CONFIGURED

    def close(self, bracket: str) -> None:
        """A brace closes what was left open in it. A parenthesis closes no brace: the item goes on."""
        if not self.opened:
            self.lost = True
        elif bracket == "}":
            while self.opened and self.opened.pop() != "{":
                pass
        elif self.opened[-1] == _OPENER[bracket]:
            self.opened.pop()


def _cuts(text: str) -> list[int]:
    """Where an item ends or the next begins."""
    cuts: list[int] = []
    in_column_one: list[int] = []
    here = _Here()
    for kind, shown, start, end in _marks(text, here):
        if kind == "item" and (start == 0 or text[start - 1] == "\n"):
            in_column_one.append(start)
        if here.lost:
            continue  # a bracket too many: from here on counting means nothing
        if kind == "open":
            here.opened.append(shown[0])
        elif kind == "close":
            here.close(shown)
            if not here.opened and shown == "}" and here.head not in _WITHOUT_BRACES:
                cuts.append(end)
                here.head = ""
        elif kind in ("item", "odd") and not here.opened and _begins_item(text, start, end, here.head):
            here.head = shown
            cuts.append(_start_of_comments(text, start, cuts[-1] if cuts else 0))
    if here.opened or here.lost:
        # Items that begin a line bound the damage to one of them.
        return sorted({*cuts, *(_start_of_comments(text, start, 0) for start in in_column_one)})
    return cuts


def _marks(text: str, here: _Here) -> Iterator[_Mark]:
    """`here` is looked at at each slash: in configuration a comment begins after a blank or a bracket only."""
    at = 0
    missing: set[str] = set()  # ends that do not come any more, so that none is looked for twice
    while found := _MARK.search(text, at):
        kind, start, at = str(found.lastgroup), found.start(), found.end()
        if found[0].startswith(("//", "/*")) and text[start - 1 : start] not in _BEFORE_COMMENT and here.is_config:
            at = start + 2
            continue
        if kind == "raw":
            at = _end_of_raw(text, found[0][:-1], at, missing)
        elif kind == "ticks":
            at = _end_of_template(text, found[0], at, missing)
        elif kind == "block":
            end = _end_of_comment(text, found[0], at, missing)
            # `{//` that nothing closes is a brace and a line comment.
            kind, at = ("block", end) if end is not None else ("open", start + 1)
        yield kind, found[0], start, at


def _end_of_raw(text: str, hashes: str, at: int, missing: set[str]) -> int:
    """Behind the closing hashes; `at` itself for a raw string that is never closed."""
    if hashes in missing:
        return at
    end = re.compile(f'"{hashes}(?!#)').search(text, at)
    if end is None:
        missing.add(hashes)
        return at
    head = _HEAD.search(text, at, end.start())
    # An item's head and then an opening like ours: what was found closes another raw string.
    swallowed = head is not None and text.find(f'{hashes}"', head.end(), end.start()) >= 0
    return at if swallowed else end.end()


def _end_of_template(text: str, ticks: str, at: int, missing: set[str]) -> int:
    """Behind the closing ticks; `at` itself for a template that is never closed, or whose end belongs to another
    item: then an item's head stands on a line of its own inside."""
    end = None if ticks in missing else end_of_template(text, at, len(ticks))
    if end is None:
        missing.add(ticks)
        return at
    return at if _HEAD.search(text, at, end) else end


def _end_of_comment(text: str, opener: str, at: int, missing: set[str]) -> int | None:
    closer = "*/" if opener == "/*" else "//}"
    end = -1 if closer in missing else text.find(closer, at)
    if end >= 0:
        return end + len(closer)
    missing.add(closer)
    return len(text) if closer == "*/" else None


def _begins_item(text: str, start: int, end: int, head: str) -> bool:
    """A keyword in the middle of a header, such as a parameter's or alias's name, begins nothing. An alias or a
    constant has no brace to end it, so there the next word must look like a head."""
    if _NOT_AN_ITEM.match(text, end) is not None:
        return False
    if head in _WITHOUT_BRACES and _HEAD_HERE.match(text, start):
        return True
    line = text.rfind("\n", 0, start) + 1
    at_line_start = not text[line:start].strip(" \t\ufeff")
    is_demanded = head in _EXPRESSIONS and _GOES_ON.search(text[:start].rstrip()) is not None
    return (at_line_start and not is_demanded) or not head


def _start_of_comments(text: str, at: int, earliest: int) -> int:
    """Comment lines right above an item are its own."""
    start = at
    while start > earliest:
        line = max(text.rfind("\n", earliest, start - 1) + 1, earliest)
        shown = text[line:start].strip()
        if shown and not shown.startswith("//"):
            break
        start = line
    return start
