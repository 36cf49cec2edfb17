"""Templates of text, values and calls with one text: template in, its parts out, or nothing if there is more.

Most are such. To read one takes a regular expression, and not jinja2, which is slow to load and to run. What is
read here means what it means to the engine; all else is left to that whole.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeAlias

from ..patterns import pattern
from ..records import dataclass

_HOLE = pattern(
    r"""(?xai) \{\{ \s*
        (?P<path> [a-z_]\w* (?: \.[a-z_]\w* )* )
        (?: \( \s* (?P<quote>["']) (?P<argument> [\w-]+ ) (?P=quote) \s* \) )?
    \s* \}\}"""
)
# What the engine knows as something else than a value that it is given.
_WORDS: Final = frozenset(("true", "false", "none", "not", "and", "or", "in", "is", "if", "else", "self"))


@dataclass(frozen=True, slots=True)
class Hole:
    """`{{ one.two }}`, or with an argument `{{ one.two("text") }}`."""

    path: tuple[str, ...]
    argument: str | None


Parts: TypeAlias = tuple[str | Hole, ...]


@lru_cache(maxsize=1_024)
def plain_parts(template: str) -> Parts | None:
    """Text and holes, as they follow each other."""
    # As the engine reads it: one kind of line break, and none at the end.
    text = template.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    parts: list[str | Hole] = []
    end = 0
    for found in _HOLE.finditer(text):
        path = tuple(found["path"].split("."))
        between = text[end : found.start()]
        if path[0].lower() in _WORDS or _opens(between):
            return None
        parts += (between, Hole(path, found["argument"]))
        end = found.end()
    rest = text[end:]
    return None if _opens(rest) else (*parts, rest)


def _opens(text: str) -> bool:
    """Whether something else begins in it, or with its last brace."""
    return text.endswith("{") or any(mark in text for mark in ("{{", "{%", "{#"))
