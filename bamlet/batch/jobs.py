"""The jobs of a state: batches that were given to a provider. Each is written down before it is sent, so that one
whose answer nobody heard is looked for, and not sent twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from ..records import dataclass

SCHEMA = """
CREATE TABLE IF NOT EXISTS job(id TEXT PRIMARY KEY, provider TEXT, state TEXT, intent REAL, rows INT, files TEXT);
CREATE TABLE IF NOT EXISTS job_row(job TEXT, key BLOB);
CREATE INDEX IF NOT EXISTS job_rows ON job_row(job);
"""
INTENDED, SENT, ENDED, FORGOTTEN = "intended", "sent", "ended", "forgotten"
_NOW = "(julianday('now') - 2440587.5) * 86400.0"


@dataclass(frozen=True, slots=True)
class Job:
    """`files` is empty while nobody knows what the provider calls it."""

    id: str
    provider: str
    intent: float
    rows: int
    files: Mapping[str, str]


class Jobs:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(SCHEMA)

    def intend(self, job: str, provider: str, keys: Sequence[bytes]) -> Job:
        insert = f"INSERT INTO job VALUES(?, ?, ?, {_NOW}, ?, '{{}}')"
        self._db.execute("BEGIN")
        self._db.execute(insert, (job, provider, INTENDED, len(keys)))
        self._db.executemany("INSERT INTO job_row VALUES(?, ?)", [(job, key) for key in keys])
        self._db.execute("COMMIT")
        return next(found for found in self.open() if found.id == job)

    def sent(self, job: str, files: Mapping[str, str]) -> None:
        self._db.execute("UPDATE job SET state=?, files=? WHERE id=?", (SENT, json.dumps(files), job))

    def close(self, job: str, state: str) -> None:
        self._db.execute("UPDATE job SET state=? WHERE id=?", (state, job))

    def open(self) -> list[Job]:
        """Those whose answers were not all read."""
        select = "SELECT id, provider, intent, rows, files FROM job WHERE state IN (?, ?) ORDER BY intent"
        found = self._db.execute(select, (INTENDED, SENT))
        return [Job(id_, who, intent, rows, json.loads(files)) for id_, who, intent, rows, files in found]

    def rows(self, job: str) -> Mapping[str, int]:
        """The ids of the job's rows, by key in hex."""
        select = "SELECT row.key, row.id FROM job_row JOIN row USING(key) WHERE job=?"
        return {key.hex(): id_ for key, id_ in self._db.execute(select, (job,))}

    def keys(self, ids: Sequence[int]) -> list[bytes]:
        """Of rows of the journal, in their order."""
        select = "SELECT key FROM row WHERE id=?"
        return [self._db.execute(select, (id_,)).fetchone()[0] for id_ in ids]
