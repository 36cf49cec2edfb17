"""Where an answer ends whose head tells its length and nothing else: by counting, without a parser.

Such are most that come whole, and a parser would take longer over one than all else that is done with its bytes.
Of any other head, and of answers that have no body whatever they say, the parser judges alone.
"""

from __future__ import annotations

from ..heads import Head, Unreadable

_BODILESS = frozenset({204, 304})


class Counted:
    """A `Framing` of one answer, begun already."""

    __slots__ = ("_left", "ended", "failure", "keeps")

    def __init__(self, size: int, *, keeps: bool) -> None:
        self._left = size
        self.ended = not size
        self.keeps = keeps
        self.failure: Unreadable | None = None

    def feed(self, data: bytes) -> bytes:
        left = self._left = self._left - len(data)
        if left > 0:
            return data
        self.ended = True
        if not left:
            return data
        # Behind the answer stands what nobody has asked for.
        self.keeps = False
        return data[:left]

    def finish(self, head: Head) -> None:
        """The peer says that nothing more comes: what is missing still is."""


def counted(method: str, head: Head) -> Counted | None:
    """Of a head that `check_fields` has let through: at most one of its fields tells where the answer ends, and a
    length is a number."""
    if method == "HEAD" or head.status in _BODILESS or head.version != "1.1":
        return None
    size, keeps = None, True
    for name, value in head.fields:
        if name == "content-length":
            size = int(value)
        elif name == "connection":
            word = value.lower()
            if word not in ("close", "keep-alive"):
                return None
            keeps = keeps and word != "close"
    return None if size is None else Counted(size, keeps=keeps)
