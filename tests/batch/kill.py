"""`bamlet map` under `kill -9`: killed at random moments until a run is done, its output must be the undisturbed
one.

    python -m tests.batch.kill --rows 6000 --concurrency 64 --kills 30 --seed 1

Prints `N kills · M rows · 0 lost · 0 twice`, and how many answers were paid for twice. Exit code 1 if that is more
than was promised, or if an output was ever there in part.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bamlet.batch.crash import VARIABLE
from bamlet.cli import exits
from tests.servers.leash import start_leashed
from tests.support.canary import KEY
from tests.support.mapped import source, texts

ROOT = Path(__file__).parents[2]
COMMIT_ROWS = 200
DUPLICATE_EVERY = 50


@dataclass(frozen=True, slots=True)
class Result:
    kills: int
    rows: int
    lost: int
    twice: int
    paid_twice: int
    promised: int

    @property
    def holds(self) -> bool:
        return not self.lost and not self.twice and self.paid_twice <= self.promised

    def __str__(self) -> str:
        told = f"{self.kills} kills · {self.rows} rows · {self.lost} lost · {self.twice} twice"
        return f"{told} (answers paid twice: {self.paid_twice}, promised ≤ {self.promised})"


@contextmanager
def row_server(latency: float, *more: str) -> Iterator[str]:
    command = (sys.executable, "-m", "tests.servers.rows", "0", "--latency", str(latency), *more)
    process = start_leashed(command, environ={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def answered(url: str, after: int = 0) -> int:
    """How many answers there were, once there are so many."""
    return _count(url, "answered", after)


def asked(url: str, after: int = 0) -> int:
    """How many rows were asked for, once there are so many."""
    return _count(url, "asked", after)


def _count(url: str, what: str, after: int) -> int:
    with urllib.request.urlopen(f"{url}/{what}/{after}") as answer:
        return sum(json.load(answer)[what].values())


class Mapping:
    """The command in a folder of its own."""

    def __init__(self, folder: Path, url: str, rows: int, *more: str, output: str = "out.jsonl") -> None:
        self.folder = folder
        self.output = folder / output
        (folder / "p.baml").write_text(source(), "utf-8")
        names = [
            number - 1 if number % DUPLICATE_EVERY == DUPLICATE_EVERY - 1 else number for number in range(rows)
        ]
        (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts(names)), "utf-8")
        self.distinct = len(set(names))
        self._environ = {**os.environ, "BASE_URL": url, "ROWS_KEY": KEY}
        paths = (
            "--input",
            str(folder / "in.jsonl"),
            "--output",
            str(folder / output) + "/" * output.endswith("/"),
        )
        self._command = (
            *(sys.executable, "-m", "bamlet", "map", str(folder / "p.baml"), "Classify", *paths),
            *("--keep", "n", "--progress", "off", *more),
        )

    def start(self, crash_at: str = "") -> subprocess.Popen[bytes]:
        environ = {**self._environ, VARIABLE: crash_at}
        return subprocess.Popen(self._command, cwd=ROOT, env=environ, stderr=subprocess.PIPE)

    def crash(self, at: str) -> None:
        process = self.start(at)
        _, told = process.communicate()
        assert process.returncode == -signal.SIGKILL, (at, process.returncode, told.decode())

    def run(self, *, fails: bool = False) -> None:
        """To the end, at which some rows may have failed."""
        process = self.start()
        _, errors = process.communicate()
        assert process.returncode == (exits.SOME_FAILED if fails else exits.OK), errors.decode()


def kill_often(mapping: Mapping, url: str, kills: int, chance: random.Random) -> None:
    """At moments that a generator chose, each somewhere in its share of the answers."""
    share = mapping.distinct // (kills + 1)
    for _ in range(kills):
        until = answered(url) + chance.randint(1, share)
        process = mapping.start()
        answered(url, until)
        time.sleep(chance.random() / 20)  # anywhere between two commits
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, process.returncode
        assert not mapping.output.exists(), "an output is there before it is whole"


def compare(mapping: Mapping, rows: int) -> tuple[int, int]:
    """Rows that are missing, and rows that are there more than once."""
    found = [json.loads(line)["n"] for line in mapping.output.read_text("utf-8").splitlines()]
    return rows - len(set(found)), len(found) - len(set(found))


def tried(
    rows: int, concurrency: int, kills: int, seed: int, latency: float, crashes: Sequence[str] = ()
) -> Result:
    """After as many kills, a crash at each of `crashes`."""
    with tempfile.TemporaryDirectory() as name:
        undisturbed, disturbed = Path(name) / "calm", Path(name) / "killed"
        undisturbed.mkdir()
        disturbed.mkdir()
        with row_server(0) as url:
            calm = Mapping(undisturbed, url, rows, "--concurrency", str(concurrency))
            calm.run()
        with row_server(latency) as url:
            mapping = Mapping(disturbed, url, rows, "--concurrency", str(concurrency))
            kill_often(mapping, url, kills, random.Random(seed))
            for point in crashes:
                mapping.crash(point)
                assert not mapping.output.exists(), f"an output is there after a crash at {point}"
            mapping.run()
            paid = answered(url)
        assert mapping.output.read_bytes() == calm.output.read_bytes(), "the output is another one"
        lost, twice = compare(mapping, rows)
        kills += len(crashes)
        promised = kills * (concurrency + COMMIT_ROWS)
        return Result(kills, rows, lost, twice, paid - mapping.distinct, promised)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency", type=float, default=100)
    given = parser.parse_args()
    result = tried(given.rows, given.concurrency, given.kills, given.seed, given.latency)
    print(result)
    return 0 if result.holds else 1


if __name__ == "__main__":
    sys.exit(main())
