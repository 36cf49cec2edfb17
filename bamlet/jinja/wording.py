"""What is wrong with a template's syntax, in our words: tags that are left open, and jinja2's messages."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..patterns import pattern
from ..records import dataclass

_TAG = pattern(r"\{\{|\{%|\{#")
_PIECE = pattern(r""""(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|\{[{%#]|[{}]|%\}""")
_WORD = pattern(r"[-+]?\s*(\w+)")
_CLOSED_BY = {"{{": "}}", "{%": "%}", "{#": "#}"}
_BLOCKS = {"if", "for", "macro", "call", "filter", "with", "raw", "set"}


@dataclass(frozen=True, slots=True)
class OpenTag:
    """A tag without its end, or a block without its `end…`."""

    start: int
    opening: str
    missing: str


def open_tag(text: str) -> OpenTag | None:
    """The first tag that is never closed, or else the innermost block."""
    blocks: list[tuple[str, int]] = []
    at = 0
    while found := _TAG.search(text, at):
        start, inside = found.span()
        end = (
            _end_of_comment(text, inside) if found[0] == "{#" else _end_of_tag(text, inside, _CLOSED_BY[found[0]])
        )
        if end is None:
            return OpenTag(start, found[0], _CLOSED_BY[found[0]])
        at = end
        word = _WORD.match(text, inside) if found[0] == "{%" else None
        if word is None:
            continue
        name = word[1]
        if name in _BLOCKS and not (name == "set" and "=" in text[inside:end]):
            blocks.append((name, start))
        elif name.startswith("end") and blocks:
            if name != f"end{blocks[-1][0]}":
                break
            blocks.pop()
    if not blocks:
        return None
    name, start = blocks[-1]
    return OpenTag(start, f"{{% {name} … %}}", f"{{% end{name} %}}")


def _end_of_comment(text: str, at: int) -> int | None:
    end = text.find("#}", at)
    return None if end < 0 else end + 2


def _end_of_tag(text: str, at: int, closer: str) -> int | None:
    """Behind the closer; None if another tag or the end of the text comes first. Braces inside are maps."""
    depth = 0
    while piece := _PIECE.search(text, at):
        at = piece.end()
        if depth == 0 and text.startswith(closer, piece.start()):
            return piece.start() + 2
        if piece[0] in _CLOSED_BY:
            if piece[0] != "{{" or depth == 0:
                return None
            depth += 2
        elif piece[0] == "{":
            depth += 1
        elif piece[0] == "}":
            depth = max(0, depth - 1)
    return None


def reworded(message: str) -> str:
    """jinja2's message as ours."""
    for known, wording in _WORDINGS:
        if match := known.match(message):
            return wording(match)
    return message[:1].lower() + message[1:].rstrip(".")


_TOKENS = {
    "end of print statement": "`}}`",
    "end of statement block": "`%}`",
    "end of template": "the end",
    "name": "a name",
    "string": "a string",
}


# What other languages write.
_ELSEWHERE = {
    "&": ": both are asked for with `and`",
    "!": ": the opposite is `not`",
    "?": ": a choice is written `a if condition else b`",
}


def _shown(token: str) -> str:
    return _TOKENS.get(token, f"`{token}`")


_WORDINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        pattern(r"expected token 'name', got '\|'"),
        lambda m: "a filter has a name: that one of two is true is asked for with `or`",
    ),
    (
        pattern(r"expected token '(.+?)', got '(.+)'"),
        lambda m: f"expected {_shown(m[1])}, found {_shown(m[2])}",
    ),
    (
        pattern(r"unexpected '(.+)', expected '(.+)'"),
        lambda m: f"expected {_shown(m[2])}, found {_shown(m[1])}",
    ),
    (pattern(r"unexpected char ['\"]{3}"), lambda m: "a string is never closed"),
    (
        pattern(r"unexpected char '(.+?)'"),
        lambda m: f"`{m[1]}` means nothing here{_ELSEWHERE.get(m[1], '')}",
    ),
    (pattern(r"unexpected 'end of template'"), lambda m: "the expression ends too early"),
    (pattern(r"unexpected '(.+)'"), lambda m: f"expected an expression, found {_shown(m[1])}"),
    (pattern(r"Encountered unknown tag '(end\w+)'"), lambda m: f"`{m[1]}` closes nothing"),
    (pattern(r"Encountered unknown tag '(\w+)'"), lambda m: f"there is no statement `{m[1]}`"),
    (pattern(r"Expected an expression, got '(.+)'"), lambda m: f"expected an expression, found {_shown(m[1])}"),
)
