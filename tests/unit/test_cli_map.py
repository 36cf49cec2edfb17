"""`bamlet map` as a process: exit codes, streams, interrupts, and what `kill -9` leaves.

Numbers in the docstrings are those of the list of promises in docs/map.md.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bamlet.cli import exits
from bamlet.cli.main import run
from tests.batch.kill import Mapping, answered, asked, row_server, tried

ROOT = Path(__file__).parents[2]
LABEL = ROOT / "examples" / "label"
REPLAY = ("--replay", str(LABEL / "label.cassette.jsonl"), "--speed", "0")
ROWS = ("--input", str(LABEL / "rows.jsonl"))
WAIT = 40.0  # for a process of a busy machine


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "o.jsonl"


@pytest.fixture
def url() -> Iterator[str]:
    with row_server(20) as found:
        yield found


def label(output: object, *more: str) -> int:
    return run(["map", str(LABEL), "Classify", *ROWS, "--output", str(output), "--progress", "off", *more])


def test_the_example_is_mapped_from_its_cassette(output: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """1."""
    assert label(output, *REPLAY, "--keep", "id") == exits.OK
    lines = output.read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"m{number:03d}" for number in range(100)]
    assert label(output.with_name("again.jsonl"), *REPLAY, "--keep", "id") == exits.OK
    assert output.with_name("again.jsonl").read_bytes() == output.read_bytes()
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(
        "rows 100  ok 100  failed 0  known 0  called 100  maybe paid twice ≤ 0  tokens 13.0k in "
    )


def test_invented_answers_are_the_same_for_a_seed_and_are_never_taken_for_others(
    output: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert label(output, "--offline=5") == exits.OK
    assert (
        label(output.with_name("again.jsonl"), "--offline=5", "--fault", "status=500x1:0.2") == exits.SOME_FAILED
    )
    assert label(output.with_name("other.jsonl"), "--offline=6") == exits.OK
    lines = output.read_text("utf-8").splitlines()
    assert len(lines) == 100
    assert set(output.with_name("again.jsonl").read_text("utf-8").splitlines()) < set(lines)
    assert output.with_name("other.jsonl").read_bytes() != output.read_bytes()
    capfd.readouterr()
    assert label(output, *REPLAY) == exits.USAGE
    assert (
        "were invented, by --offline=5, and those of this run are given by a model; --fresh"
        in capfd.readouterr().err
    )
    assert label(output, *REPLAY, "--fresh") == exits.OK
    assert label(output, "--offline=5") == exits.USAGE
    assert label(output, *REPLAY, "--offline") == exits.USAGE
    assert "--offline asks nobody, so there is nothing to record or to replay" in capfd.readouterr().err


def test_rows_go_to_a_pipe_as_they_are_ready(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    state = ("--state", str(tmp_path / "state"))
    assert label("-", *REPLAY, *state, "--rows", "3", "--keep", "id") == exits.OK
    assert {json.loads(line)["id"] for line in capfd.readouterr().out.splitlines()} == {"m000", "m001", "m002"}


class Deaf:
    """A pipe that nobody reads any more."""

    def write(self, data: bytes) -> int:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def test_a_pipe_that_nobody_reads_stops_the_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    for known in (False, True):  # the rows that are asked, and those that were answered before
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=Deaf(), flush=lambda: None))
        assert label(Path("-"), *REPLAY, "--state", str(state)) == exits.LIMIT
        told = capfd.readouterr().err
        assert "the rows cannot be written: [Errno 32]" in told
        assert ("known 100" in told) is known
        monkeypatch.undo()
        if not known:
            assert label(tmp_path / "out.jsonl", *REPLAY, "--state", str(state)) == exits.OK
            capfd.readouterr()


def test_progress_may_be_json(output: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["map", str(LABEL), "Classify", *ROWS, "--output", str(output), *REPLAY, "--progress", "json"]
    assert run(command) == exits.OK
    *lines, _ = capfd.readouterr().err.splitlines()
    assert all(json.loads(line)["rows"] == 100 for line in lines)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_progress_that_cannot_be_written_costs_no_rows(output: Path) -> None:
    asked = ["map", str(LABEL), "Classify", *ROWS, "--output", str(output), *REPLAY, "--progress", "json"]
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "bamlet", *asked], stderr=full, timeout=WAIT, check=False)
    assert done.returncode == exits.OK
    assert len(output.read_text().splitlines()) == 100


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--bind", "text=txet"), "there is no such column; did you mean `text`?"),
        (("--keep", "nothing"), "--keep nothing: there is no such column"),
        (("--id", "nothing"), "--id nothing: there is no such column"),
        (("--input", str(LABEL)), "this is a folder; name the files in it"),
        (("--max-errors", "many"), "write a number of rows"),
        (("--concurrency", "many"), "write a whole number of 1 or more, not 'many'; or auto"),
        (("--procs", "0"), "write a whole number of 1 or more, not '0'"),
        (("--rpm", "many"), "a limit is a number above 0, not 'many'"),
        (("--rows", "1", "--sample", "1"), "either --rows or --sample"),
        (("--max-cost", "1", "--input", "nowhere.jsonl"), "there is no such file"),
    ],
)
def test_wrong_use_is_told_before_the_first_call(
    output: Path, capfd: pytest.CaptureFixture[str], more: tuple[str, ...], told: str
) -> None:
    assert label(output, *REPLAY, *more) == exits.USAGE
    assert told in capfd.readouterr().err


def test_a_program_that_does_not_compile(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.baml").write_text("function F(", "utf-8")
    command = ["map", str(tmp_path), "F", *ROWS, "--output", str(tmp_path / "o.jsonl")]
    assert run(command) == exits.BAD_SOURCE


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=WAIT)
    return process.returncode, errors.decode()


def test_an_interrupted_run_goes_on(tmp_path: Path, url: str) -> None:
    """13."""
    mapping = Mapping(tmp_path, url, 300, "--concurrency", "4")
    process = mapping.start()
    answered(url, 60)
    process.send_signal(signal.SIGINT)
    code, told = ended(process)
    assert code == exits.INTERRUPTED
    assert "interrupted; the same command goes on" in told
    assert not mapping.output.exists()
    with sqlite3.connect(tmp_path / "out.jsonl.state" / "journal.sqlite") as db:
        (stored,) = db.execute("SELECT count(*) FROM row WHERE status=1").fetchone()
    db.close()
    assert stored == answered(url), "all that was answered is stored"
    mapping.run()
    assert answered(url) == mapping.distinct


def test_a_second_interrupt_ends_the_rows_in_flight(tmp_path: Path) -> None:
    """13."""
    with row_server(60_000) as url:
        process = Mapping(tmp_path, url, 20).start()
        asked(url, 1)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == exits.INTERRUPTED
        assert time.monotonic() - began < 5


@pytest.mark.timeout(180)
def test_kills_lose_nothing_and_repeat_nothing() -> None:
    """2 and 3, in small: `make kills` takes more rows, kills, places and seeds."""
    result = tried(rows=400, concurrency=16, kills=1, seed=1, latency=40, crashes=("commit:2", "errors"))
    assert result.holds, str(result)
