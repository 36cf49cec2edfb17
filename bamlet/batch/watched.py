"""The files of a table as they were when its rows were bound: whether one has become another since.

A run reads its input again and again, and joins by position. Of a file that was changed meanwhile, answers would
be stored under the keys of other rows, and be written beside the columns of others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .opened import probed

CHANGED = "the input has changed while it was read"


class Watched:
    """A file that only grows is taken as it was: what came behind is for the next run."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._seen = {str(path): _look(path) for path in paths}
        self._probes = {name: probed(name, size) for name, (_, size, _) in self._seen.items()}
        self._grown: dict[str, tuple[int, int, int]] = {}

    def changed(self) -> str | None:
        """Which of them is another now."""
        return next((name for name in self._seen if self.is_changed(name)), None)

    def is_changed(self, name: str) -> bool:
        """Asked before every few rows, so it looks at bytes of the file only once for each time that it grows."""
        before = self._seen.get(name)
        try:
            now = _look(name)
        except OSError:  # it is gone, and who has it open reads it still
            return False
        if before is None or now == before:
            return False
        if now == self._grown.get(name):
            return False
        number, size, _ = before
        if now[0] != number or now[1] <= size or probed(name, size) != self._probes[name]:
            return True
        self._grown[name] = now
        return False


def _look(path: str | Path) -> tuple[int, int, int]:
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns
