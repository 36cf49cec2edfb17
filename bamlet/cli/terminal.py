"""What the terminal can do."""

from __future__ import annotations

import os
from typing import TextIO

from ..diagnostics.render import COLOURED, PLAIN, Palette
from ..embed.store import variable

CLEAR = "\x1b[H\x1b[2J"
CLEAR_BELOW = "\x1b[J"


def is_terminal(stream: TextIO) -> bool:
    """A terminal that understands cursor movements."""
    return stream.isatty() and variable("TERM") != "dumb"


def palette(stream: TextIO) -> Palette:
    """Colours on a terminal, or under `FORCE_COLOR`; never under `NO_COLOR`."""
    wanted = variable("FORCE_COLOR") or is_terminal(stream)
    return COLOURED if wanted and not variable("NO_COLOR") else PLAIN


def size(stream: TextIO) -> tuple[int, int]:
    """Columns and lines of the stream's own terminal: standard output may be a file, or another terminal."""
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except OSError:
        columns = lines = 0
    return (columns, lines) if columns and lines else (80, 24)
