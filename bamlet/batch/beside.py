"""One folder for several workers of a machine: each has a state of its own in it, and knows what others know."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from .engines import Done
from .journal import Journal, JournalBeside
from .state import JOURNAL, InUse, State

_NAME = "worker-{}"


class WorkerState(State):
    """The first of the folder that nobody has: a worker that is begun again goes on with the one that it had, or
    with that of another. One machine's, since a journal that is written is read beside it."""

    def __init__(self, folder: Path) -> None:
        """Raises `Refused`."""
        for number in count():
            try:
                super().__init__(folder / _NAME.format(number))
            except InUse:
                continue
            return

    def _opened(self, path: Path) -> Journal:
        return _JournalOfSeveral(path)


class _JournalOfSeveral(Journal):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._own = path
        self._others: dict[Path, JournalBeside] = {}

    def known(self, id_: int, key: bytes) -> Done | None:
        found = super().known(id_, key)
        others = () if found is not None else self._others.values()
        return found or next((answer for other in others if (answer := other.answer(key)) is not None), None)

    def begin_run(self, concurrency: int | None, known: int) -> None:
        """There may be more workers by now."""
        super().begin_run(concurrency, known)
        for path in sorted(self._own.parent.parent.glob(f"{_NAME.format('*')}/{JOURNAL}")):
            if path != self._own and path not in self._others:
                self._look_into(path)

    def _look_into(self, path: Path) -> None:
        """Not if its answers are another function's."""
        other = JournalBeside(path)
        if other.fingerprint is not None and other.fingerprint == self.meta("fingerprint"):
            self._others[path] = other
        else:
            other.close()

    def close(self) -> None:
        for other in self._others.values():
            other.close()
        super().close()
