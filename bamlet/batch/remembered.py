"""Which rows of the journal an input is, kept from one run to the next: the same bytes are not bound again.

A million rows take a minute to bind, and half a second to be known again.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable
from pathlib import Path

from ..embed.writing import write_whole
from .journal import Journal
from .state import IDS
from .tables import Table

_META = "input"
_DIGEST = "blake2b"


class Remembered:
    """`told` is all that decides which rows there are, beside the bytes of the table."""

    def __init__(self, folder: Path, journal: Journal, table: Table, told: bytes) -> None:
        self._path = folder / IDS
        self._journal = journal
        self._table = table
        self._told = told

    def ids(self, make: Callable[[], tuple[array[int], bool]]) -> array[int]:
        """As they were, or made anew; then they are kept, if `make` says that they may be."""
        seal = self._sealed()
        known = self._known(seal)
        if known is not None:
            return known
        made, may_be_kept = make()
        if may_be_kept:
            data = made.tobytes()
            seal.update(data)
            write_whole(self._path, data, durable=False)
            self._journal.set_meta(_META, seal.hexdigest())
        return made

    def _known(self, seal: hashlib._Hash) -> array[int] | None:
        """The journal has the digest: a file that was cut short, or is of another journal, is none."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        found = seal.copy()
        found.update(data)
        if found.hexdigest() != self._journal.meta(_META):
            return None
        ids = array("q")
        ids.frombytes(data)
        return ids

    def _sealed(self) -> hashlib._Hash:
        seal = hashlib.new(_DIGEST, self._told)
        for file in self._table.opened():
            with file:
                seal.update(hashlib.file_digest(file, _DIGEST).digest())
        return seal
