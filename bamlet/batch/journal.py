"""The journal of a state: which rows there are, what was answered, and which runs there have been.

It maps keys to answers and knows nothing of the order of rows. One thread writes, in groups; nobody waits for it
but the end. What was committed outlives a killed process and a power cut.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from .crash import crash_at
from .engines import FAILED, OK, Done, Refused
from .jobs import Jobs

FORMAT = 1
GROUP_ROWS = 200
GROUP_SECONDS = 0.05
DISK_PATIENCE_SECONDS = 60
CHUNK = 500  # keys looked up at a time

JournalError = sqlite3.OperationalError
"""It cannot be read or written now: a full disk, an input that fails."""

_META = "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT)"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS row(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, status INT, value TEXT,
  error TEXT, client TEXT, attempts INT, input_tokens INT, output_tokens INT, cost REAL, ms INT, run INT);
CREATE TABLE IF NOT EXISTS run(id INTEGER PRIMARY KEY, began REAL, ended REAL, reason TEXT, concurrency INT,
  called INT, known INT);
"""
_STORE = """UPDATE row SET status=?, value=?, error=?, client=?, attempts=?, input_tokens=?, output_tokens=?,
  cost=?, ms=?, run=? WHERE id=?"""
_DONE = "id, status, value, error, client, attempts, input_tokens, output_tokens, cost, ms"
_NOW = "(julianday('now') - 2440587.5) * 86400.0"


class Journal:
    """Opens or makes the journal at a path. Raises `Refused` for a file that is none of ours, or broken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            _check_ours(path)
            with _closed_if_it_fails(_connect(path)) as self._db:
                self._db.executescript(_SCHEMA)
                self._check_format()
                self._check_whole()
        except sqlite3.DatabaseError as failure:
            raise Refused(f"{path} cannot be used as a journal: {failure}; --fresh begins another") from None
        self.jobs = Jobs(self._db)
        self._run = 0
        self._writer: _Writer | None = None
        self._unstored = 0

    def _check_format(self) -> None:
        found = self.meta("format")
        if found is None:
            self.set_meta("format", str(FORMAT))
        elif int(found) > FORMAT:
            raise Refused(f"{self._path} was written by a later bamlet (format {found}); use that one")

    def _check_whole(self) -> None:
        """The last run may have died while the system did."""
        if self._db.execute("SELECT 1 FROM run WHERE ended IS NULL").fetchone() is None:
            return
        (told,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if told != "ok":
            raise Refused(f"{self._path} is damaged: {told}; --fresh begins another")

    def meta(self, name: str) -> str | None:
        found = self._db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
        return found[0] if found else None

    def set_meta(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (name, value))

    # --- rows

    def ids(self, keys: Iterable[bytes]) -> array[int]:
        """The rows of these keys, in their order; those that were not there are there now, unanswered."""
        found = array("q")
        chunk: list[bytes] = []
        self._db.execute("BEGIN")
        for key in keys:
            chunk.append(key)
            if len(chunk) == CHUNK:
                found.extend(self._ids(chunk))
                chunk.clear()
        found.extend(self._ids(chunk))
        self._db.execute("COMMIT")
        return found

    def _ids(self, keys: Sequence[bytes]) -> list[int]:
        known = self._look_up(keys)
        if missing := [key for key in keys if key not in known]:
            self._db.executemany("INSERT OR IGNORE INTO row(key) VALUES(?)", [(key,) for key in missing])
            known |= self._look_up(missing)
        return [known[key] for key in keys]

    def _look_up(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        marks = ",".join("?" * len(keys))
        return dict(self._db.execute(f"SELECT key, id FROM row WHERE key IN ({marks})", keys))

    def statuses(self) -> bytearray:
        """By the row's id: 0 for one that has no answer yet."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM row").fetchone()
        found = bytearray(last + 1)
        for id_, status in self._db.execute("SELECT id, status FROM row WHERE status IS NOT NULL"):
            found[id_] = status
        return found

    def forget_failures(self, classes: Sequence[str] | None) -> None:
        """Ask them again: all, or those of some classes."""
        where = f"status={FAILED}"
        if classes is not None:
            where += f" AND json_extract(error, '$.class') IN ({','.join('?' * len(classes))})"
        self._db.execute(f"UPDATE row SET status=NULL, error=NULL WHERE {where}", tuple(classes or ()))

    def answers(self, ids: Sequence[int]) -> Mapping[int, Done]:
        """Those of these rows that have ended."""
        marks = ",".join("?" * len(ids))
        select = f"SELECT {_DONE} FROM row WHERE id IN ({marks}) AND status IS NOT NULL"
        return {found[0]: Done(*found) for found in self._db.execute(select, tuple(ids))}

    def known(self, id_: int, key: bytes) -> Done | None:
        """The answer of a row, if it has one."""
        found = self.answers([id_]).get(id_)
        return found if found is not None and found.status == OK else None

    def values(self, ids: Sequence[int]) -> Mapping[int, str]:
        """The answers of those of these rows that have one, as JSON text."""
        marks = ",".join("?" * len(ids))
        select = f"SELECT id, value FROM row WHERE id IN ({marks}) AND status={OK}"
        return dict(self._db.execute(select, tuple(ids)))

    def spent(self) -> float:
        """Money of all runs of this state, as far as prices were known."""
        (money,) = self._db.execute("SELECT coalesce(sum(cost), 0.0) FROM row").fetchone()
        return float(money)

    def median_answer(self) -> int | None:
        """Of the tokens of stored answers."""
        known = "FROM row WHERE status=1 AND output_tokens IS NOT NULL"
        select = (
            f"SELECT output_tokens {known} ORDER BY output_tokens LIMIT 1 OFFSET (SELECT count(*) / 2 {known})"
        )
        found = self._db.execute(select).fetchone()
        return found[0] if found else None

    # --- a run

    def begin_run(self, concurrency: int | None, known: int) -> None:
        # The lock of the state is ours: whoever has not ended has died.
        self._db.execute("UPDATE run SET ended=began, reason='killed' WHERE ended IS NULL")
        insert = f"INSERT INTO run(began, concurrency, known) VALUES({_NOW}, ?, ?)"
        self._run = self._db.execute(insert, (concurrency, known)).lastrowid or 0
        self._writer = _Writer(self._path, self._run)

    def lost_at_most(self) -> int:
        """Rows that killed runs may have asked without storing the answer: those in flight, and one group; those
        that dead workers had in hand; and those that this run could not store."""
        select = f"SELECT coalesce(sum(concurrency + {GROUP_ROWS}), 0) FROM run WHERE reason='killed'"
        (found,) = self._db.execute(select).fetchone()
        return int(found) + int(self.meta("lost") or 0) + self._unstored

    def lost(self, rows: int) -> None:
        """A worker has died with so many rows in hand."""
        self.set_meta("lost", str(int(self.meta("lost") or 0) + rows))

    def store(self, done: Done) -> None:
        assert self._writer is not None
        self._writer.queue.put(done)

    @property
    def failure(self) -> str | None:
        """Why nothing more can be written, if that is so."""
        return self._writer.failure if self._writer is not None else None

    def end_run(self, reason: str, called: int) -> None:
        """All that was stored is on the disk when this returns. Raises `OSError` if it cannot be."""
        assert self._writer is not None
        writer, self._writer = self._writer, None
        writer.close()
        if writer.failure is not None:
            self._unstored = writer.unstored
            raise OSError(f"{self._path}: {writer.failure}")
        self._db.execute(
            f"UPDATE run SET ended={_NOW}, reason=?, called=? WHERE id=?", (reason, called, self._run)
        )

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        with contextlib.suppress(JournalError):  # the log beside it is as good
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()


class JournalBeside:
    """Another worker's journal, read while that writes to it."""

    def __init__(self, path: Path) -> None:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        self._db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30, check_same_thread=False)

    @property
    def fingerprint(self) -> str | None:
        """None of one that is just being made, or is broken."""
        try:
            found = self._db.execute("SELECT value FROM meta WHERE name='fingerprint'").fetchone()
        except sqlite3.DatabaseError:
            return None
        return found[0] if found else None

    def answer(self, key: bytes) -> Done | None:
        select = f"SELECT {_DONE} FROM row WHERE key=? AND status={OK}"
        found = self._db.execute(select, (key,)).fetchone()
        return Done(*found) if found else None

    def close(self) -> None:
        self._db.close()


class _Writer:
    """Takes ended rows from a queue and commits them: 200 together, or what came within 50 ms.

    A full disk is waited for: what could not be written stays in hand and is tried again each second.
    """

    def __init__(self, path: Path, run: int) -> None:
        self.queue: queue.SimpleQueue[Done | None] = queue.SimpleQueue()
        self.failure: str | None = None
        self.unstored = 0
        self._run = run
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, args=(path,), name="bamlet-journal", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.queue.put(None)
        self._closing.set()
        self._thread.join()

    def _write(self, path: Path) -> None:
        db = _connect(path)
        try:
            for group in self._groups():
                if not self._commit(db, group):
                    # Beside what waits, of which the last is the word to close.
                    self.unstored = len(group) + max(0, self.queue.qsize() - 1)
                    return
        finally:
            db.close()

    def _groups(self) -> Iterator[list[Done]]:
        while (first := self.queue.get()) is not None:
            group = [first]
            if self.queue.qsize() < GROUP_ROWS:
                self._closing.wait(GROUP_SECONDS)
            while len(group) < GROUP_ROWS and not self.queue.empty():
                found = self.queue.get()
                if found is None:
                    yield group
                    return
                group.append(found)
            yield group

    def _commit(self, db: sqlite3.Connection, group: list[Done]) -> bool:
        for _ in range(DISK_PATIENCE_SECONDS):
            try:
                db.execute("BEGIN IMMEDIATE")
                db.executemany(_STORE, [_fields(done, self._run) for done in group])
                crash_at("commit")
                db.execute("COMMIT")
                self.failure = None
                return True
            except JournalError as failure:
                self.failure = str(failure)
                if db.in_transaction:
                    db.execute("ROLLBACK")
                threading.Event().wait(1)
        return False


def _fields(done: Done, run: int) -> tuple[object, ...]:
    tokens = (done.input_tokens, done.output_tokens)
    told = (done.status, done.value, done.error, done.client, done.attempts, *tokens, done.cost, done.ms)
    return (*told, run, done.id)


def _check_ours(path: Path) -> None:
    """Before anything is written there: another program's database must get no tables of ours."""
    if not path.exists():
        return
    uri = f"{path.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as db:
        found = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type='table'"))
    # Whoever died while making it has made the first of them.
    if found and " ".join(found.get("meta", "").split()) != _META:
        raise Refused(f"{path} is a database of another program; --state names another folder")


def _connect(path: Path) -> sqlite3.Connection:
    # One thread after the other: who makes and closes a state may wait for the loop that uses it.
    made = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    with _closed_if_it_fails(made) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
    return db


@contextlib.contextmanager
def _closed_if_it_fails(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield db
    except BaseException:
        db.close()
        raise
