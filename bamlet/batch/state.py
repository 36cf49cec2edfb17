"""The folder of a run: a lock that one process holds, the journal, and a page for people."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .._version import __version__
from ..embed.writing import PARTIAL, Lock, write_whole
from .engines import Refused
from .journal import Journal

JOURNAL, LOCK, MANIFEST, STDIN = "journal.sqlite", "lock", "manifest.json", "input.jsonl"
ERRORS = "errors.jsonl"  # of rows that went to a pipe
IDS = "input.ids"
SPOOL = "job.jsonl"  # what is sent to a provider as a batch
_BESIDE_JOURNAL = tuple(f"{JOURNAL}-{end}" for end in ("wal", "shm", "journal"))

ASKED = "given by a model"


class InUse(Refused):
    """Another process has it, or another state of this one."""


class State:
    """Made when it is missing. Inside a `with` nobody else may use it."""

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        """Raises `Refused` when it is none, and `InUse`."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder / LOCK)
        try:
            if fresh:
                _forget(folder)
            self.journal = self._opened(folder / JOURNAL)
        except BaseException:
            self._lock.release()
            raise

    def _opened(self, path: Path) -> Journal:
        return Journal(path)

    def check_fingerprint(self, found: str) -> None:
        known = self.journal.meta("fingerprint")
        if known is None:
            self.journal.set_meta("fingerprint", found)
        elif known != found:
            count = sum(status != 0 for status in self.journal.statuses())
            raise Refused(
                f"the function has changed: {count} stored answers of {self.folder} are of the old one; --fresh"
                " forgets them, --state names another place"
            )

    def check_origin(self, invented: int | None) -> None:
        """An invented answer must never be taken for one that was given, nor one seed's for another's."""
        found = ASKED if invented is None else f"invented, by --offline={invented}"
        known = self.journal.meta("origin") or ASKED
        if known == found:
            return
        if any(self.journal.statuses()):
            raise Refused(
                f"the stored answers of {self.folder} were {known}, and those of this run are {found}; --fresh"
                " forgets them, --state names another place"
            )
        self.journal.set_meta("origin", found)

    def write_manifest(self, told: dict[str, Any]) -> None:
        text = json.dumps({"bamlet": __version__, **told}, ensure_ascii=False, indent=2)
        write_whole(self.folder / MANIFEST, text.encode() + b"\n", durable=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.journal.close()
        finally:
            self._lock.release()


def _locked(path: Path) -> Lock:
    try:
        return Lock(path, f"{os.getpid()} on {socket.gethostname()}")
    except BlockingIOError as failure:
        raise InUse(f"{path.parent} is in use by process {failure.strerror}") from None


def _forget(folder: Path) -> None:
    """What is ours. Somebody may have named a folder in which there is more."""
    for name in (JOURNAL, *_BESIDE_JOURNAL, MANIFEST, STDIN, IDS, ERRORS, SPOOL):
        for path in (folder / name, folder / f"{name}{PARTIAL}"):
            path.unlink(missing_ok=True)
