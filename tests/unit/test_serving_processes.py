"""One server of several processes, as the command that users start: each finds the runs of all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from bamlet.server.peers import summed
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.servers.serving import ROOT, Command, command, events

SOURCE = """
client<llm> Local {
  provider openai-generic
  options {
    base_url env.BASE_URL
    model "m"
  }
}

function Say(text: string) -> string {
  client Local
  prompt #"{{ text }}"#
}

function Double(n: int) -> int { n * 2 }
"""
TRIES = 40  # connections, after which each of two processes has taken one
ENDLESS = Answer(parts=openai_chunks(["it goes on"], None, None)[:-1], end="open")


@contextmanager
def two_processes(folder: Path, provider: LoopbackServer, *more: str) -> Iterator[Command]:
    (folder / "main.baml").write_text(SOURCE)
    environ = {"BASE_URL": provider.url, "TMPDIR": str(folder)}
    with command("serve", str(folder), "--procs", "2", *more, environ=environ, lines=3) as served:
        assert served.told[2] == "2 processes\n"
        yield served


@cache
def client() -> httpx.Client:
    """Each request has a connection of its own, which any of the processes takes."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(timeout=30, trust_env=False, limits=limits)


def ask(served: Command, method: str, path: str, **more: Any) -> httpx.Response:
    return client().request(method, served.url + path, **more)


def run_of(response: httpx.Response) -> str:
    return response.headers["bamlet-run-id"]


def by_each_process(served: Command) -> dict[str, str]:
    """A run of each, by the beginning of its name."""
    found: dict[str, str] = {}
    for _ in range(TRIES):
        run = run_of(ask(served, "POST", "/stream/Double?events=all", json={"n": 2}))
        found[run[:3]] = run
        if len(found) == 2:
            break
    return found


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def wait_gone(served: Command) -> str:
    """Until nobody has its standard error any more: that is when the last of its processes has ended."""
    assert served.process.stderr is not None
    return served.process.stderr.read()


def test_s03_each_process_has_the_runs_and_keys_of_the_others(tmp_path: Path, loopback: LoopbackServer) -> None:
    with two_processes(tmp_path, loopback) as served:
        runs = by_each_process(served)
        assert set(runs) == {"r1_", "r2_"}
        for run in runs.values():
            whole = ask(served, "GET", f"/runs/{run}/events?events=all")
            assert run_of(whole) == run
            assert [seq for seq, _, _ in events(whole.text)] == list(range(1, len(events(whole.text)) + 1))
            for _ in range(4):
                resumed = ask(served, "GET", f"/runs/{run}/events?events=all", headers={"last-event-id": "1"})
                assert events(resumed.text) == events(whole.text)[1:]
            assert ask(served, "GET", f"/runs/{run}").json()["value"] == 4
            heads = [ask(served, "HEAD", f"/runs/{run}") for _ in range(2)]
            assert [(head.status_code, head.content) for head in heads] == [(200, b"")] * 2
            assert ask(served, "DELETE", f"/runs/{run}").json() == {"id": run, "state": "done"}
        assert ask(served, "GET", "/runs/r9_0").json()["error"] == "run_lost"
        assert ask(served, "GET", f"/runs/r{'9' * 5000}_0").json()["error"] == "not_found"

        key = {"idempotency-key": "mine"}
        again = {run_of(ask(served, "POST", "/call/Double", json={"n": 3}, headers=key)) for _ in range(6)}
        assert len(again) == 1
        assert ask(served, "POST", "/call/Double", json={"n": 4}, headers=key).status_code == 409
        # What began no run takes no key: another process may be asked next.
        key = {"idempotency-key": "other"}
        assert ask(served, "POST", "/call/Double", json={"m": 1}, headers=key).status_code == 400
        assert ask(served, "POST", "/call/Double", json={"n": 1}, headers=key).json() == 2

        count = f'bamlet_runs_total{{function="Double",outcome="done"}} {TRIES}'
        told = ask(served, "GET", "/metrics").text
        assert count.rpartition(" ")[0] in told
        assert told == ask(served, "GET", "/metrics").text

        # Of a parent that is killed nobody is left, and nobody is told by a signal.
        assert len(children(served.process.pid)) == 2
        served.process.kill()
        assert wait_gone(served) == ""


def test_s12_a_process_that_is_killed_comes_back_and_s11_all_end_together(
    tmp_path: Path, loopback: LoopbackServer
) -> None:
    loopback.default = ENDLESS
    with two_processes(tmp_path, loopback, "--drain", "200ms") as served, ExitStack() as streams:
        begun: dict[str, httpx.Response] = {}
        for _ in range(TRIES):
            stream = client().stream("POST", f"{served.url}/stream/Say?events=all", json={"text": "x"})
            response = streams.enter_context(stream)
            if begun.setdefault(run_of(response)[:3], response) is not response:
                response.close()
            if len(begun) == 2:
                break
        lost, kept = run_of(begun["r1_"]), run_of(begun["r2_"])
        os.kill(children(served.process.pid)[0], signal.SIGKILL)
        # Whoever asks, and whichever process is asked, is told; nobody waits for the one that is gone.
        assert {ask(served, "GET", f"/runs/{lost}").json()["error"] for _ in range(6)} == {"run_lost"}
        assert {ask(served, "GET", f"/runs/{kept}").json()["state"] for _ in range(6)} == {"running"}
        assert served.process.stderr is not None
        told = served.process.stderr.readline()
        assert "process 1 was ended by SIGKILL: its runs are lost, and another takes its place" in told
        with pytest.raises(httpx.RemoteProtocolError):
            begun["r1_"].read()
        assert set(by_each_process(served)) == {"r1_", "r2_"}

        # Who stops a service may tell each of its processes, which hear of it from their parent alone: told twice,
        # they would not let their runs end.
        for pid in children(served.process.pid):
            os.kill(pid, signal.SIGTERM)
        assert set(by_each_process(served)) == {"r1_", "r2_"}

        served.process.send_signal(signal.SIGTERM)
        assert events(begun["r2_"].read().decode())[-1][2]["error"] == "shutting_down"
        assert wait_gone(served) == ""
        assert served.process.wait(20) == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["main.baml"]


def test_s12_nobody_waits_for_ever_for_a_process_that_is_stopped(tmp_path: Path, loopback: LoopbackServer) -> None:
    with two_processes(tmp_path, loopback) as served:
        runs = by_each_process(served)
        first = children(served.process.pid)[0]
        os.kill(first, signal.SIGSTOP)
        refused = ask(served, "GET", f"/runs/{runs['r1_']}")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        found = refused.json()
        assert (found["error"], found["which"], found["limit_ms"]) == ("overloaded", "process", 5000)
        assert "process 1 of this server does not answer" in found["message"]
        assert ask(served, "GET", f"/runs/{runs['r2_']}").json()["value"] == 4
        os.kill(first, signal.SIGCONT)
        assert ask(served, "GET", f"/runs/{runs['r1_']}").json()["value"] == 4


def test_processes_that_die_too_often_end_the_server() -> None:
    code = "from bamlet.server.parent import run; print(run(2, lambda place: None, print))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    *told, last = done.stdout.splitlines()
    assert last == "False"
    assert len(told) == 6
    assert told[-1].endswith("ended with 0; 5 in a minute are too many, so all end")


def test_what_processes_count_is_added() -> None:
    one = '# TYPE a counter\na{x="1"} 2\na{x="2"} 1\n# TYPE s histogram\ns_sum 0.500000\n'
    two = '# TYPE a counter\na{x="2"} 3\n# TYPE s histogram\ns_sum 0.250000\n'
    assert summed([one, two]) == '# TYPE a counter\na{x="1"} 2\na{x="2"} 4\n# TYPE s histogram\ns_sum 0.750000\n'


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--procs", "0"], "`0` is no number of processes"),
        (["--procs", "2", "--record", "x"], "leave --procs out"),
    ],
)
def test_what_several_processes_cannot_do(arguments: list[str], told: str, tmp_path: Path) -> None:
    (tmp_path / "main.baml").write_text(SOURCE)
    command = [sys.executable, "-m", "bamlet", "serve", str(tmp_path), "--port", "0", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert told in done.stderr
