"""What the terminal can do, and drawing a value that grows on it."""

from __future__ import annotations

import json
import shutil
from typing import Any, TextIO

from ..diagnostics.render import COLOURED, PLAIN, Palette
from ..embed.store import variable

CLEAR_BELOW = "\x1b[J"


def is_terminal(stream: TextIO) -> bool:
    """A terminal that understands cursor movements."""
    return stream.isatty() and variable("TERM") != "dumb"


def palette(stream: TextIO) -> Palette:
    """Colours on a terminal only, and never under `NO_COLOR`."""
    return COLOURED if is_terminal(stream) and not variable("NO_COLOR") else PLAIN


class LiveValue:
    """The value as it is now, drawn over what was drawn before."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = 0

    def draw(self, value: Any) -> None:
        columns, lines = shutil.get_terminal_size()
        text = json.dumps(value, ensure_ascii=False, indent=2).splitlines()
        room = max(1, lines - 2)
        if len(text) > room:  # the end is where it grows
            text = ["…", *text[-(room - 1) :]] if room > 1 else text[-1:]
        shown = [_cut(line, columns - 1) for line in text]
        self._stream.write(self._home() + "\n".join(shown) + "\n")
        self._stream.flush()
        self._drawn = len(shown)

    def clear(self) -> None:
        self._stream.write(self._home())
        self._stream.flush()
        self._drawn = 0

    def _home(self) -> str:
        return f"\x1b[{self._drawn}F{CLEAR_BELOW}" if self._drawn else ""


def _cut(line: str, width: int) -> str:
    """Control characters and long lines would break the count of drawn lines."""
    plain = "".join(char if char.isprintable() else "·" for char in line)
    return plain if len(plain) <= width else plain[: max(1, width - 1)] + "…"
