"""Text that arrives in pieces: kept as pieces, joined when somebody asks."""

from __future__ import annotations

from collections.abc import Callable

from ..patterns import pattern

_SURROGATE = pattern("[\ud800-\udfff]")
_NONE: list[str] = []  # nothing is put into it: most answers say nothing but their content
_LEFT_OVER = "\ufffd"


class TextPieces:
    """JSON may cut a character into two escapes in two events; the halves meet here.

    `listener`, if there is one, hears of every piece that can be shown. `late` counts those that came after the
    end and were dropped. `size` are the characters of all, those that were forgotten among them.
    """

    __slots__ = ("_ended", "_half", "_pieces", "late", "listener", "size")

    def __init__(self, listener: Callable[[str], None] | None = None) -> None:
        self.listener = listener
        self._pieces = _NONE
        self._half = ""
        self._ended = False
        self.late = 0
        self.size = 0

    def add(self, piece: str) -> str:
        """Keep a piece, and say what of it can be shown."""
        if self._ended:
            self.late += bool(piece)
            return ""
        if self._half or not (piece.isascii() or _SURROGATE.search(piece) is None):
            piece = self._joined(piece)
        if piece:
            if self._pieces:
                self._pieces.append(piece)
            else:
                self._pieces = [piece]
            self.size += len(piece)
            if self.listener is not None:
                self.listener(piece)
        return piece

    def close(self) -> str:
        """No more will come: half a character that is left becomes U+FFFD."""
        if not self._half:
            return ""
        self._half = ""
        return self.add(_LEFT_OVER)

    def end(self) -> str:
        """The same, and what comes nevertheless is dropped and counted."""
        rest = self.close()
        self._ended = True
        return rest

    def clear(self) -> None:
        """Forget everything."""
        self._ended = False
        self._pieces = _NONE
        self._half = ""

    @property
    def text(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def _joined(self, piece: str) -> str:
        piece, self._half = self._half + piece, ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return piece.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
