"""The texts that a program was made of: for those few who want to read them again, and for Python's tracebacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...records import dataclass, field

if TYPE_CHECKING:
    from ...grammar import Parser  # a program that was kept runs without

_shown: dict[str, str] = {}  # by name, what was put there last


def _without_tables() -> Parser:
    from ...grammar import Parser

    return Parser(None)


@dataclass(frozen=True, slots=True)
class Sources:
    """The texts of a program by the names of their files, and what parses them again."""

    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    parser: Callable[[], Parser] = field(default=_without_tables, repr=False)


NO_SOURCES = Sources()


def show_lines(texts: Mapping[str, str]) -> None:
    """Python looks lines up by file name: a text need not be a file, and a file of the same name in the working
    folder need not be this text. Two programs may have files of one name, so it is done again for whichever fails.
    """
    import linecache

    for name, text in texts.items():
        if _shown.get(name) is not text or name not in linecache.cache:
            lines = [line + "\n" for line in text.splitlines()]
            linecache.cache[name] = (len(text), None, lines, name)
            _shown[name] = text
