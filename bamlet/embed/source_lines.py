"""The texts of a program in, and Python shows their lines in its tracebacks."""

from __future__ import annotations

import linecache
from collections.abc import Mapping

_shown: dict[str, str] = {}  # by name, what was put there last


def show_lines(texts: Mapping[str, str]) -> None:
    """Python looks lines up by file name: a text need not be a file, and a file of the same name in the working
    folder need not be this text. Two programs may have files of one name, so it is done again for whichever fails.
    """
    for name, text in texts.items():
        if _shown.get(name) is not text or name not in linecache.cache:
            lines = [line + "\n" for line in text.splitlines()]
            linecache.cache[name] = (len(text), None, lines, name)
            _shown[name] = text
