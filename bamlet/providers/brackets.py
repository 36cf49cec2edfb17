"""Where a value of JSON ends that comes in pieces: text in, the place behind its last bracket out."""

from __future__ import annotations

from ..patterns import pattern

_MARK = pattern(r'[\\"{}\[\]]')


class Brackets:
    """Those of one value. `depth` of them are open."""

    __slots__ = ("_depth", "_escaped", "_in_string")

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._in_string = False
        self._escaped = -1  # where in the next piece a sign stands that means nothing

    def end_in(self, piece: str) -> int | None:
        """The place in this piece behind the bracket that closes the value."""
        for mark in _MARK.finditer(piece):
            at = mark.start()
            if at == self._escaped:
                continue
            match mark[0]:
                case "\\":
                    self._escaped = at + 1
                case '"':
                    self._in_string = not self._in_string
                case "{" | "[" if not self._in_string:
                    self._depth += 1
                case "}" | "]" if not self._in_string:
                    self._depth -= 1
                    if self._depth == 0:
                        return at + 1
        self._escaped = 0 if self._escaped == len(piece) else -1
        return None
