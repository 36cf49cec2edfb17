"""What the terminal can do, and drawing a value that grows on it."""

from __future__ import annotations

import json
import os
from typing import Any, TextIO

from ..diagnostics.cells import first_cells, visible
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


class LiveValue:
    """The value as it is now, drawn over what was drawn before."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = 0

    def draw(self, value: Any) -> None:
        columns, lines = size(self._stream)
        text = _text(value)
        room = max(1, lines - 2)
        if len(text) > room:  # the end is where it grows
            text = ["…", *text[-(room - 1) :]] if room > 1 else text[-1:]
        shown = [first_cells(visible(line), max(1, columns - 1)) for line in text]
        self._stream.write(self._home() + "\n".join(shown) + "\n")
        self._stream.flush()
        self._drawn = len(shown)

    def clear(self) -> None:
        self._stream.write(self._home())
        self._stream.flush()
        self._drawn = 0

    def leave(self, value: Any, mark: str) -> None:
        """The whole value stays, with a mark under it: nothing is drawn over it any more. None leaves nothing."""
        lines = [] if value is None else [*map(visible, _text(value)), f"… {mark}"]
        self._stream.write(self._home() + "".join(f"{line}\n" for line in lines))
        self._stream.flush()
        self._drawn = 0

    def _home(self) -> str:
        return f"\x1b[{self._drawn}F{CLEAR_BELOW}" if self._drawn else ""


def _text(value: Any) -> list[str]:
    return json.dumps(value, ensure_ascii=False, indent=2).splitlines()


def size(stream: TextIO) -> tuple[int, int]:
    """Columns and lines of the stream's own terminal: standard output may be a file, or another terminal."""
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except OSError:
        columns = lines = 0
    return (columns, lines) if columns and lines else (80, 24)
