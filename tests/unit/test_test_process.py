"""`bamlet test` as a process: interrupts, terminals, and a watch over files.

Signals, terminals and files that change under a running command are nothing that the language can observe.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bamlet.cli import exits
from bamlet.cli.main import run
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks
from tests.support.local_program import KEY
from tests.support.terminal import run_in_terminal

BAMLET = (sys.executable, "-m", "bamlet")
SAY = """
client<llm> Local {
  provider openai-generic
  options { base_url env.BASE_URL, api_key env.LOCAL_KEY, model "m" }
}
function Say(text: string) -> string {
  client Local
  prompt #"{{ text }}"#
}
"""
ENDLESS = Answer([openai_chunks(["he"])[0], Pause(60)])


def program_of(folder: Path, server: LoopbackServer, tests: int) -> dict[str, str]:
    """Its file is `main.baml`, and its answers never end; the environment that it needs."""
    blocks = "\n".join(
        f'test A_rather_long_name_of_a_test_{n} {{ functions [Say] args {{ text "{n}" }} }}' for n in range(tests)
    )
    (folder / "main.baml").write_text(SAY + blocks, "utf-8")
    server.answer(*[ENDLESS] * tests)
    return {**os.environ, "BASE_URL": server.url, "LOCAL_KEY": KEY}


def test_t05_ctrl_c_closes_every_stream_within_two_seconds(
    tmp_path: Path, loopback: LoopbackServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, whose handles are watched."""
    for name, value in program_of(tmp_path, loopback, 200).items():
        monkeypatch.setenv(name, value)
    pressed: list[float] = []

    def press() -> None:
        while len(loopback.requests) < 10:
            time.sleep(0.01)
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    code = run(["test", str(tmp_path / "main.baml"), "-j", "10"])
    took = time.monotonic() - pressed[0]
    said = capsys.readouterr()
    assert code == exits.INTERRUPTED
    assert took < 2
    assert said.err == "interrupted; once more to leave at once\n"
    assert "0 passed, 200 cancelled of 200 in" in said.out
    for connection in loopback.connections:
        connection.wait_client_left(1)


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 10)])
def test_t17_nothing_wraps_and_nothing_is_left(
    tmp_path: Path, loopback: LoopbackServer, columns: int, lines: int
) -> None:
    environ = {**program_of(tmp_path, loopback, 30), "TERM": "xterm"}
    command = [*BAMLET, "test", "main.baml", "-j", "12"]
    code, out, screen, _ = run_in_terminal(
        command, columns, lines, environ, str(tmp_path), interrupt_at="running 12 of 30"
    )
    assert (code, screen.text) == (exits.INTERRUPTED, "interrupted; once more to leave at once")
    assert screen.widest <= columns
    assert screen.tallest <= lines
    assert any(re.search(r"running \d+ of 30", frame) for frame in screen.frames)
    assert any(re.search(r"… and \d+ more", frame) for frame in screen.frames) is (lines < 20)
    assert "0 passed, 30 cancelled of 30" in out


FILES = {
    "a.baml": "function Double(n: int) -> int { n * 2 }\n"
    "test Four { functions [Double] args { n 2 } @@assert({{ this == 4 }}) }\n",
    "b.baml": "function Quad(n: int) -> int { Double(Double(n)) }\n"
    "test Eight { functions [Quad] args { n 2 } @@assert({{ this == 8 }}) }\n",
    "c.baml": "function Other(n: int) -> int { n }\n"
    "test Same { functions [Other] args { n 2 } @@assert({{ this == 2 }}) }\n"
    'test "body" { assert.equal(Other(1), 1) }\n',
}


@contextmanager
def watching(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*BAMLET, "test", "--watch"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        yield process
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == exits.OK
    finally:
        process.kill()
        process.communicate()


def next_round(process: subprocess.Popen[str], end: str = r"\d passed of \d") -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    while not (lines and re.search(end, lines[-1])):
        line = process.stdout.readline()
        assert line, lines
        lines.append(line.strip())
    return [line.split()[1] for line in lines if line.startswith(("PASSED", "FAILED"))]


def test_t19_a_change_runs_the_tests_that_it_may_have_changed(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    with watching(tmp_path) as process:
        assert sorted(next_round(process)) == ["::body", "Double::Four", "Other::Same", "Quad::Eight"]

        took: list[float] = []
        for factor in (3, 4, 5):  # the fastest of three: the machine may have other things to do
            changed_at = time.monotonic()
            (tmp_path / "a.baml").write_text(FILES["a.baml"].replace("* 2", f"* {factor}"), "utf-8")
            assert sorted(next_round(process)) == ["Double::Four", "Quad::Eight"]
            took.append(time.monotonic() - changed_at)
        assert min(took) < 0.5

        (tmp_path / "c.baml").write_text(FILES["c.baml"] + "\n", "utf-8")
        assert sorted(next_round(process)) == ["::body", "Other::Same"]

        # What was changed while nothing compiled is still to be run when something does.
        (tmp_path / "b.baml").write_text(FILES["b.baml"] + "function", "utf-8")
        next_round(process, "found 1 error")
        (tmp_path / "b.baml").write_text(FILES["b.baml"], "utf-8")
        assert sorted(next_round(process)) == ["Quad::Eight"]


TWICE = """
function Twice(n: int) -> int { n * 2 }
test One { functions [Twice] args { n 1 } @@assert({{ this == 2 }}) }
test Two { functions [Twice] args { n 2 } @@assert({{ this == 4 }}) }
"""


@pytest.mark.parametrize(("more", "code"), [((), exits.FAILED), (("--output-format", "jsonl"), exits.FAILED)])
def test_whoever_reads_the_results_may_leave(tmp_path: Path, more: tuple[str, ...], code: int) -> None:
    """As `| head -1` does. Nothing is said of it, but a run of which nobody knows the end has not passed."""
    assert ended(tmp_path, *more) == (code, "")


def test_whoever_reads_a_list_may_leave(tmp_path: Path) -> None:
    assert ended(tmp_path, "--list") == (exits.OK, "")


def ended(folder: Path, *more: str) -> tuple[int, str]:
    """What a run comes to whose standard output nobody reads."""
    (folder / "main.baml").write_text(TWICE, "utf-8")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*BAMLET, "test", "main.baml", *more],
            cwd=folder,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=50,
            check=False,
        )
    finally:
        os.close(writing)
    return done.returncode, done.stderr


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a disk that is always full")
def test_results_that_cannot_be_written_are_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "main.baml").write_text(TWICE, "utf-8")
    assert run(["test", str(tmp_path / "main.baml"), "--output-format", f"json={FULL}"]) == exits.FAILED
    assert capsys.readouterr().err.startswith(f"bamlet test: cannot write the results to {FULL}: ")


def test_an_interrupt_before_there_is_a_command_leaves_no_traceback(tmp_path: Path) -> None:
    """Whoever presses Ctrl-C at once meets Python while it loads us."""
    (tmp_path / "argparse.py").write_text("raise KeyboardInterrupt", "utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from bamlet.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (exits.INTERRUPTED, "interrupted\n")
