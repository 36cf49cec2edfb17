"""Drawing a value that grows on a terminal."""

from __future__ import annotations

from typing import Any, TextIO

from ..diagnostics.cells import first_cells, visible
from ..diagnostics.render import COLOURED
from .terminal import CLEAR_BELOW, palette, size
from .unfinished import Line, lines

DIM, UNDIM = "\x1b[2m", "\x1b[22m"


class LiveValue:
    """The value as it is now, drawn over what was drawn before; with colours, what is not finished is dimmed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = 0
        self._dims = palette(stream) is COLOURED

    def draw(self, value: Any) -> None:
        columns, rows = size(self._stream)
        text = lines(value)
        room = max(1, rows - 2)
        if len(text) > room:  # the end is where it grows
            text = [Line("…", False), *text[-(room - 1) :]] if room > 1 else text[-1:]
        shown = [self._painted(line, max(1, columns - 1)) for line in text]
        self._stream.write(self._home() + "\n".join(shown) + "\n")
        self._stream.flush()
        self._drawn = len(shown)

    def clear(self) -> None:
        self._stream.write(self._home())
        self._stream.flush()
        self._drawn = 0

    def leave(self, value: Any, mark: str) -> None:
        """The whole value stays, with a mark under it: nothing is drawn over it any more. None leaves nothing."""
        left = [] if value is None else [*(visible(line.text) for line in lines(value)), f"… {mark}"]
        self._stream.write(self._home() + "".join(f"{line}\n" for line in left))
        self._stream.flush()
        self._drawn = 0

    def _painted(self, line: Line, room: int) -> str:
        """Cut before it is painted: marks of colour take no cell."""
        text = first_cells(visible(line.text), room)
        return f"{DIM}{text}{UNDIM}" if self._dims and line.is_unfinished else text

    def _home(self) -> str:
        return f"\x1b[{self._drawn}F{CLEAR_BELOW}" if self._drawn else ""
