"""The folder of a map's state: what is ours in it, and what becomes of answers that cannot be stored."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bamlet.batch import journal
from bamlet.batch.engines import Refused
from tests.servers.rows import Behaviour, RowServer
from tests.support.mapped import Table, nobody_meddles, texts


@pytest.fixture
def table(tmp_path: Path) -> Table:
    table = Table(tmp_path)
    table.write(texts("abc"))
    return table


def test_fresh_takes_away_what_is_ours_alone(table: Table) -> None:
    state = table.folder / "mine"
    (state / "more").mkdir(parents=True)
    (state / "thesis.txt").write_text("precious")
    (state / "more" / "notes").write_text("precious")
    for _ in range(2):
        assert table.run(state=str(state), fresh=True).called == 3
    assert (state / "thesis.txt").read_text() == "precious"
    assert (state / "more" / "notes").read_text() == "precious"


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE users(name TEXT)",
        "CREATE TABLE row(a); CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB)",
        "CREATE TABLE run(a)",
    ],
)
def test_a_database_of_another_program_stays_as_it_is(table: Table, schema: str) -> None:
    state = table.folder / "theirs"
    state.mkdir()
    path = state / "journal.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(schema)
    before = path.read_bytes()
    with pytest.raises(Refused, match="a database of another program; --state names another folder"):
        table.run(state=str(state))
    assert path.read_bytes() == before
    assert table.calls == 0


def test_who_died_while_the_journal_was_made_goes_on(table: Table) -> None:
    state = table.folder / "out.jsonl.state"
    state.mkdir()
    with closing(sqlite3.connect(state / "journal.sqlite")) as db:
        db.executescript("PRAGMA journal_mode=WAL;" + journal._SCHEMA.split(";")[0])
    assert table.run().ok == 3


def test_a_state_is_a_folder_of_its_own(table: Table) -> None:
    output = str(table.folder / "out.jsonl")
    with pytest.raises(Refused, match="this is the output"):
        table.run(state=output)
    with pytest.raises(Refused, match="this is a file"):
        table.run(state=str(table.folder / "in.jsonl"))
    assert sorted(path.name for path in table.folder.iterdir()) == ["in.jsonl"]
    assert table.calls == 0


def test_what_cannot_be_stored_begins_no_more_rows_and_counts_as_paid_twice(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a full disk: the statement fails, and is tried again as long as that one would be."""
    rows, places = 4000, 4
    table.write(texts(range(rows)))
    table.behaviour = Behaviour(latency=1)
    monkeypatch.setattr(journal, "DISK_PATIENCE_SECONDS", 1)

    async def fill(server: RowServer) -> None:
        await server.until("answered", 100)
        monkeypatch.setattr(journal, "_STORE", journal._STORE.replace("UPDATE row", "UPDATE gone"))

    table.meddle = fill
    report = table.run(concurrency=places)
    assert report.reason == "disk"
    assert report.ok < 100 + 2 * journal.GROUP_ROWS + places, "the next looks are a second apart"
    assert report.paid_twice > 0
    monkeypatch.undo()
    table.meddle = nobody_meddles
    first = table.counts.answered
    again = table.run(concurrency=places)
    assert again.known == report.ok - report.paid_twice
    twice = first.total() + table.counts.answered.total() - rows
    assert 0 < twice <= min(report.paid_twice, again.paid_twice)


def _deafness() -> list[int]:
    """Of each process that we have spawned: 1 for one that hears no Ctrl-C."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            told = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            command = (status.parent / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if told["PPid"] == str(os.getpid()) and b"spawn_main" in command:
            found.append(int(told["SigBlk"], 16) >> (signal.SIGINT - 1) & 1)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process hears")
def test_a_worker_process_never_hears_ctrl_c(table: Table) -> None:
    """Not even before it can say so: a terminal sends it to all of its processes."""
    deaf: list[int] = []
    ours = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    async def look(server: RowServer) -> None:
        await server.until("asked", 1)
        deaf.extend(_deafness())

    table.meddle = look
    table.behaviour = Behaviour(latency=100)
    assert table.run(procs=2).ok == 3
    assert deaf == [1, 1]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == ours
