"""`bamlet run`: what goes to which stream, exit codes, cassettes, interrupts, and drawing on a terminal.

A command line is a process with streams, signals and terminals, none of which a program of the language has.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bamlet.cli import exits
from bamlet.cli.main import run
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks
from tests.support.golden import Goldens
from tests.support.local_program import CLIENT, KEY, SOURCE, in_pieces, items
from tests.support.terminal import Screen, run_in_terminal

ROOT = Path(__file__).parents[2]
RECEIPT = ("examples/receipt", "--replay", "examples/receipt/receipt.cassette.jsonl")
Capture: TypeAlias = pytest.CaptureFixture[str]
BAMLET = (sys.executable, "-m", "bamlet")

PROGRAM = """
enum Size {
  SMALL
  LARGE
}
class Box {
  label string
  size Size?
}
function main() -> string { "main" }
function Text(text: string) -> string { text }
function Maybe(text: string?) -> string? { text }
function Number(n: int) -> int { n }
function Many(items: int[], box: Box) -> Box { box }
function Free(value: unknown) -> unknown { value }
function Boom() -> int throws string { throw "boom" }
function Spin() -> int {
  let s = 0;
  while (true) { s += 1; }
  s
}
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.baml"
    path.write_text(PROGRAM, "utf-8")
    return path


@pytest.fixture
def local(tmp_path: Path) -> Path:
    clients = CLIENT.format(name="Local", provider="openai-generic", more="", limits="idle_timeout_ms 5000")
    path = tmp_path / "local.baml"
    path.write_text(SOURCE.replace("CLIENTS", clients), "utf-8")
    return path


def environ(server: LoopbackServer | None = None, /, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "BAMLET_CACHE_DIR") if name in os.environ}
    local = {"BASE_URL": server.url, "LOCAL_KEY": KEY} if server else {}
    return {**kept, **local, **more}


def bamlet(*arguments: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BAMLET, *map(str, arguments)],
        cwd=ROOT,
        env=dict(env or environ()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )


def here(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    """The same in this process: exit code, standard output, standard error."""
    code = run(["run", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# --- the command line itself


@pytest.mark.parametrize("command", ["", "render", "run"])
def test_help_says_what_there_is(
    command: str, golden: Goldens, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The help is what people see first; its wording and order are part of the product."""
    monkeypatch.setenv("COLUMNS", "100")
    assert run([*command.split(), "--help"]) == exits.OK
    captured = capsys.readouterr()
    assert captured.err == ""
    golden.of_version(f"cli/{command or 'bamlet'}.txt", captured.out)


def test_no_command_is_a_question_and_the_help_is_no_result(capsys: Capture) -> None:
    assert run([]) == exits.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "usage: bamlet" in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["walk"],
        ["run", "x", "F", "y"],
        ["run", "x", "--stream", "sometimes"],
        ["run", "x", "--speed", "-1"],
        ["run", "x", "--speed", "nan"],
        ["run", "x", "--speed", "fast"],
        ["run", "x", "--record", "a", "--replay", "b"],
    ],
)
def test_a_command_line_that_cannot_be(arguments: list[str], capsys: Capture) -> None:
    assert run(arguments) == exits.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("error:") == 1


# --- what can be wrong


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere.baml"], 2, "nowhere.baml: there is no such file or folder"),
        (["{empty}"], 2, "there is no .baml file below this folder"),
        (["{p}", "Numbr"], 2, "there is no function `Numbr`; did you mean `Number`?"),
        (["{p}", "Number"], 2, "the argument `n` of type `int` is missing"),
        (["{p}", "Number", "--arg", "m=1"], 2, "there is no parameter `m`"),
        (["{p}", "Number", "--arg", "n=x"], 2, "`n` should be `int`, not 'x' (str)"),
        (["{p}", "Number", "--arg", "n=" + "9" * 5000], 2, "--arg n: Exceeds the limit"),
        (["{p}", "Number", "--arg", "n"], 2, "--arg n: write NAME=VALUE"),
        (["{p}", "Number", "--arg", "n=@nowhere"], 2, "--arg n: [Errno 2] No such file or directory: 'nowhere'"),
        (["{p}", "Text", "--arg", "text=@{bytes}"], 2, "--arg text: 'utf-8' codec can't decode"),
        (["{p}", "Number", "--args", "{{"], 2, "--args is not JSON"),
        (["{p}", "Number", "--args", "[" * 100_000], 2, "--args is not JSON"),
        (["{p}", "Number", "--args", "[1]"], 2, "--args must be a JSON object"),
        (["{p}", "--replay", "nowhere"], 2, "nowhere"),
        (["{p}", "--replay", "{p}"], 2, "line 2"),
        (["{p}", "--replay", "{bytes}"], 2, "codec can't decode"),
        (["{p}", "--record", "nowhere/x"], 2, "No such file or directory: 'nowhere/x'"),
        (["{p}", "Boom"], 1, "error: the program threw boom"),
        (["{p}", "Free"], 2, "`value`"),
    ],
)
def test_each_mistake_is_one_clear_message(
    program: Path,
    tmp_path: Path,
    arguments: list[str],
    code: int,
    message: str,
    capsys: Capture,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xfd")
    names = {"p": program, "empty": tmp_path / "empty", "bytes": tmp_path / "bytes"}
    found, out, err = here(capsys, *(argument.format(**names) for argument in arguments))
    assert (found, out) == (code, "")
    assert message in err
    assert "Traceback" not in err
    if code == exits.USAGE:
        assert err.startswith("bamlet run: ")
        assert err.count("\n") == 1


def test_a_program_that_does_not_compile_says_where(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "wrong.baml"
    path.write_text("function F() -> int { nobody }\nclass {", "utf-8")
    code, out, err = here(capsys, path)
    assert (code, out) == (exits.BAD_SOURCE, "")
    assert "wrong.baml:1:23" in err
    assert "wrong.baml:2:7" in err


def test_a_throw_shows_the_lines_it_came_through(program: Path, capsys: Capture) -> None:
    _, _, err = here(capsys, program, "Boom")
    assert 'throw "boom"' in err


def test_an_unset_key_and_an_unreachable_host_are_failures_of_the_program(
    local: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE_URL", "http://127.0.0.1:1")
    monkeypatch.delenv("LOCAL_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    own = tmp_path / "own.baml"
    own.write_text('function Say(text: string) -> string { client "openai/m", prompt #"{{ text }}"# }', "utf-8")
    code, out, err = here(capsys, own, "Say", "--arg", "text=x")
    assert (code, out) == (exits.FAILED, "")
    assert err == (
        "error: client `openai/m`: there is no api_key; set the environment variable OPENAI_API_KEY"
        " or give one in the client's options\n"
    )
    code, out, err = here(capsys, local, "Say", "--arg", "text=x")
    assert (code, out) == (exits.FAILED, "")
    assert err == "error: cannot connect to 127.0.0.1:1: connection refused\n"


def test_messages_of_a_process_hold_no_traceback_and_no_key(local: Path, loopback: LoopbackServer) -> None:
    loopback.answer(Answer([f'{{"error": {{"message": "bad key {KEY}"}}}}'.encode()], 401))
    done = bamlet("run", local, "Say", "--arg", "text=x", env=environ(loopback))
    assert (done.returncode, done.stdout) == (1, "")
    assert 'status code: 401 Unauthorized. {"error": {"message": "bad key <redacted>"}}' in done.stderr
    assert "Traceback" not in done.stderr


# --- arguments and results


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ([], "main"),
        (["Text", "--arg", "text=a=b"], "a=b"),
        (["Text", "--arg", "text=12"], "12"),
        (["Text", "--arg", 'text={"a": 1}'], '{"a": 1}'),
        (["Text", "--arg", "text="], ""),
        (["Text", "--arg", "text=@{file}"], "from a file é\n"),
        (["Maybe", "--arg", "text=null"], "null"),
        (["Maybe"], None),
        (["Number", "--arg", "n=-3"], -3),
        (["Number", "--args", '{{"n": 3}}'], 3),
        (["Number", "--args", '{{"n": 3}}', "--arg", "n=4"], 4),
        (
            ["Many", "--arg", "items=[1, 2]", "--arg", 'box={{"label": "x", "size": "SMALL"}}'],
            {"label": "x", "size": "SMALL"},
        ),
        (["Many", "--arg", "items=@{json}", "--arg", 'box={{"label": "x"}}'], {"label": "x", "size": None}),
        (["Free", "--arg", "value=[1, {{}}, null]"], [1, {}, None]),
    ],
)
def test_arguments_and_results(
    program: Path, tmp_path: Path, arguments: list[str], value: object, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("from a file é\n", "utf-8")
    (tmp_path / "json").write_text("[1, 2]", "utf-8")
    names = {"file": tmp_path / "file", "json": tmp_path / "json"}
    # A value that looks like a placeholder but is none.
    shown = [a if a == 'text={"a": 1}' else a.format(**names) for a in arguments]
    code, out, err = here(capsys, program, *shown)
    assert (code, err) == (exits.OK, "")
    assert json.loads(out) == value


def test_the_only_function_needs_no_name_and_several_do(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "a.baml"
    path.write_text("function One() -> int { 1 }", "utf-8")
    assert here(capsys, path)[:2] == (exits.OK, "1\n")
    path.write_text("function One() -> int { 1 }\nfunction Two() -> int { 2 }", "utf-8")
    assert here(capsys, path) == (exits.USAGE, "", "bamlet run: which function? There are One, Two\n")
    path.write_text("class C { x int }", "utf-8")
    assert here(capsys, path) == (exits.USAGE, "", "bamlet run: the program has no function to call\n")


def test_results_are_ascii_where_the_output_cannot_hold_more(program: Path) -> None:
    arguments = ("run", program, "Text", "--arg", "text=é☃")
    assert bamlet(*arguments, env=environ(PYTHONIOENCODING="utf-8")).stdout == '"é☃"\n'
    assert bamlet(*arguments, env=environ(PYTHONIOENCODING="ascii")).stdout == '"\\u00e9\\u2603"\n'


# --- streams and cassettes


def test_the_receipt_streams_as_lines_with_items_that_grow_and_then_the_value() -> None:
    done = bamlet("run", *RECEIPT, "--stream", "jsonl", "--speed", "0")
    assert (done.returncode, done.stderr) == (0, "")
    lines = events(done.stdout)
    assert [lines[0]["event"], lines[-1]["event"]] == ["start", "final"]
    assert {line["event"] for line in lines} == {"start", "tick", "partial", "final"}
    counts = [len(line["value"]["items"]) for line in lines if line["event"] == "partial"]
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3}
    assert [item["quantity"] for item in lines[-1]["value"]["items"]] == [1, 1, 3]


@pytest.mark.parametrize("how", ["auto", "off"])
def test_the_value_alone_is_the_result_without_a_terminal(how: str, local: Path, loopback: LoopbackServer) -> None:
    whole = Answer([b'{"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}'])
    loopback.answer(whole if how == "off" else Answer(openai_chunks(["y", "es"])))
    done = bamlet("run", local, "Say", "--arg", "text=x", "--stream", how, env=environ(loopback))
    assert (done.returncode, done.stdout, done.stderr) == (0, '"yes"\n', "")


def test_a_failure_is_the_last_line_of_events(local: Path, loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["no json"])))
    done = bamlet("run", local, "Make", "--arg", "text=x", "--stream", "jsonl", env=environ(loopback))
    assert (done.returncode, done.stderr) == (1, "")
    assert events(done.stdout)[-1]["kind"] == "BamlValidationError"


def test_a_recording_plays_back_the_same_without_key_and_network(
    local: Path, tmp_path: Path, loopback: LoopbackServer
) -> None:
    loopback.answer(Answer(openai_chunks(in_pieces(items(3)))))
    cassette = tmp_path / "list.jsonl"
    call = ("run", local, "List", "--arg", "text=x", "--stream", "jsonl")
    recorded = bamlet(*call, "--record", cassette, env=environ(loopback))
    assert (recorded.returncode, recorded.stderr) == (0, "")
    assert KEY not in cassette.read_text("utf-8")
    played = bamlet(*call, "--replay", cassette, "--speed", "0", env=environ(BASE_URL="http://elsewhere.invalid"))
    assert (played.returncode, played.stderr) == (0, "")
    values = [[line for line in events(done.stdout) if line["event"] != "tick"] for done in (recorded, played)]
    assert values[0] == values[1]
    other = bamlet("run", local, "List", "--arg", "text=y", "--replay", cassette, env=environ(BASE_URL="http://x"))
    assert other.returncode == 1
    assert "is not in the cassette" in other.stderr
    assert "Traceback" not in other.stderr


def test_a_cassette_that_is_not_used_up_fails_the_run(program: Path) -> None:
    done = bamlet("run", program, "--replay", RECEIPT[-1])
    assert (done.returncode, done.stdout) == (1, '"main"\n')
    assert done.stderr == f"bamlet run: not used of {RECEIPT[-1]}: 1 of its exchanges\n"


@pytest.mark.parametrize("where", ["request", "answer"])
def test_what_holds_a_secret_is_not_recorded(
    local: Path, tmp_path: Path, loopback: LoopbackServer, where: str
) -> None:
    loopback.answer(Answer(openai_chunks([KEY if where == "answer" else "fine"])))
    cassette = tmp_path / "x.jsonl"
    text = KEY if where == "request" else "x"
    done = bamlet("run", local, "Say", "--arg", f"text={text}", "--record", cassette, env=environ(loopback))
    assert done.returncode == 1
    assert ("is not recorded" if where == "answer" else "holds the secret env.LOCAL_KEY") in done.stderr
    assert "Traceback" not in done.stderr
    assert not cassette.exists()
    assert cassette.with_name("x.jsonl.partial").read_text("utf-8") == ""
    assert len(loopback.requests) == (where == "answer")


def test_a_replay_keeps_the_pace_and_speed_changes_it(
    local: Path, tmp_path: Path, loopback: LoopbackServer
) -> None:
    first, *rest = openai_chunks(["a", "b"])
    loopback.answer(Answer([first, Pause(1.0), *rest]))
    cassette = tmp_path / "x.jsonl"
    call = ("run", local, "Say", "--arg", "text=x")
    bamlet(*call, "--record", cassette, env=environ(loopback))

    def seconds(speed: str) -> float:
        began = time.monotonic()
        done = bamlet(*call, "--replay", cassette, "--speed", speed, env=environ(BASE_URL="http://x"))
        assert done.stdout == '"ab"\n'
        return time.monotonic() - began

    paced = seconds("1")
    assert paced >= 1.0
    assert min(seconds("0") for _ in range(3)) < paced


# --- pipes and signals


def test_a_reader_that_has_enough_ends_the_run_quietly() -> None:
    command = (
        f"{' '.join(BAMLET)} run {' '.join(RECEIPT)} --stream jsonl --speed 0 | head -1; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environ(), capture_output=True, text=True, timeout=50, check=False
    )
    first, code = done.stdout.splitlines()
    assert json.loads(first)["event"] == "start"
    assert (code, done.stderr) == ("0", "")


def start(*arguments: object, env: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*BAMLET, *map(str, arguments)],
        cwd=ROOT,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", ["auto", "jsonl", "off"])
def test_an_interrupt_closes_the_socket_and_says_so(local: Path, loopback: LoopbackServer, how: str) -> None:
    loopback.answer(Answer(openai_chunks(["a"], None)[:-1], end="open"))
    process = start("run", local, "Say", "--arg", "text=x", "--stream", how, env=environ(loopback))
    loopback.wait_requests(1, 20)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (exits.INTERRUPTED, "interrupted\n")
    loopback.wait_client_left(5)


def test_an_interrupt_stops_a_loop_that_never_waits(program: Path) -> None:
    process = start("run", program, "Spin", "--stream", "jsonl", env=environ())
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()) == {"event": "start", "function": "Spin"}
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (exits.INTERRUPTED, "interrupted\n")


def test_an_interrupt_leaves_the_last_partial_marked_incomplete(local: Path, loopback: LoopbackServer) -> None:
    chunks = openai_chunks(['[{"name": "first\x1b", "count": 1}, {"name": "sec'], None)[:-1]
    loopback.answer(Answer(chunks, end="open"), Answer(chunks, end="open"))
    command = [*BAMLET, "run", str(local), "List", "--arg", "text=x"]
    variables = environ(loopback, TERM="xterm")
    code, out, screen, _ = run_in_terminal(command, 80, 7, variables, str(ROOT), interrupt_at="sec")
    assert (code, out) == (exits.INTERRUPTED, ""), screen.text
    *value, mark, said, cost = screen.text.splitlines()
    assert [item["name"] for item in json.loads("\n".join(value))] == ["first\x1b", "sec"]
    assert (mark, said) == ("… incomplete", "interrupted")
    assert cost.startswith("1 attempt (1 not taken) · ")
    process = start(*command[len(BAMLET) :], "--stream", "jsonl", env=environ(loopback))
    assert process.stdout is not None
    while '"sec"' not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert events(out)[-1] == {"event": "incomplete"}
    assert process.returncode == exits.INTERRUPTED


# --- terminals


def on_terminal(columns: int, lines: int, *arguments: object, **env: str) -> tuple[int, str, Screen, str]:
    variables = environ(TERM="xterm", **env)
    return run_in_terminal([*BAMLET, "run", *map(str, arguments)], columns, lines, variables, str(ROOT))


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (20, 24), (80, 5), (8, 3), (2, 1)])
def test_partials_are_drawn_in_place_within_the_terminal_and_vanish(columns: int, lines: int) -> None:
    code, out, screen, _ = on_terminal(columns, lines, *RECEIPT, "--speed", "4", "--no-usage")
    assert code == exits.OK
    assert len(json.loads(out)["items"]) == 3
    assert screen.text == ""
    assert screen.widest <= columns
    assert screen.tallest <= max(lines, 2)
    assert len(screen.frames) > 3
    if columns > 20 and lines > 20:
        assert any("Guide leash" in frame for frame in screen.frames)


def test_a_terminal_is_told_what_it_has_cost() -> None:
    code, _, screen, _ = on_terminal(80, 24, *RECEIPT, "--speed", "0")
    assert code == exits.OK
    assert re.fullmatch(r"1 attempt · 246 in / 101 out tokens · \d+\.\d\d s", screen.text.strip())


def test_one_seed_gives_the_same_bytes_on_a_terminal_and_in_a_pipe() -> None:
    """What is drawn on the way, too; the first attempt ends early."""
    invented = [ROOT / "examples" / "classifier", "Sort", "--arg", "message=x", "--fault", "cut@50%x1"]
    first, second, another = (on_terminal(80, 24, *invented, f"--offline={seed}") for seed in (5, 5, 6))
    assert (first[0], first[1], first[3]) == (second[0], second[1], second[3])
    assert first[1] != another[1]
    assert len(first[2].frames) > 3
    assert not re.search(r"\d s$", first[2].text)
    piped = subprocess.run(
        [*BAMLET, "run", *map(str, invented), "--offline=5"],
        env=environ(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (piped.stdout, piped.stderr) == (first[1], "")


def test_drawings_come_at_most_thirty_times_a_second(local: Path, loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(in_pieces(items(300)))))
    began = time.monotonic()
    variables = environ(loopback, TERM="xterm")
    command = [*BAMLET, "run", str(local), "List", "--arg", "text=x"]
    code, _, screen, _ = run_in_terminal(command, 80, 24, variables, str(ROOT))
    assert code == exits.OK
    assert len(screen.frames) <= 2 + 30 * (time.monotonic() - began)


def test_a_value_cannot_steer_the_terminal(local: Path, loopback: LoopbackServer) -> None:
    evil = "\x1b[2J\x1b]0;title\x07 \u202e 漢字漢字漢字漢字漢字漢字"
    loopback.answer(Answer([part for chunk in openai_chunks([evil, "."]) for part in (chunk, Pause(0.05))]))
    command = [*BAMLET, "run", str(local), "Say", "--arg", "text=x"]
    code, out, screen, written = run_in_terminal(command, 40, 10, environ(loopback, TERM="xterm"), str(ROOT))
    assert (code, json.loads(out)) == (exits.OK, evil + ".")
    assert "\x1b[2J" not in written
    assert "\x07" not in written
    assert "\u202e" not in written
    assert any("漢" in frame for frame in screen.frames)
    lines = [line for frame in screen.frames for line in frame.split("\n")]
    assert all(len(line) + line.count("漢") + line.count("字") <= 40 for line in lines)


def test_a_terminal_that_cannot_draw_gets_no_drawing() -> None:
    command = [*BAMLET, "run", *RECEIPT, "--speed", "0"]
    code, out, _, written = run_in_terminal(command, 80, 24, environ(TERM="dumb"), str(ROOT))
    assert (code, written) == (exits.OK, "")
    assert len(json.loads(out)["items"]) == 3


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(
    tmp_path: Path, variables: dict[str, str], coloured: bool
) -> None:
    path = tmp_path / "wrong.baml"
    path.write_text("function F() -> int { nobody }", "utf-8")
    code, out, _, written = run_in_terminal([*BAMLET, "run", str(path)], 80, 24, environ(**variables), str(ROOT))
    assert (code, out) == (exits.BAD_SOURCE, "")
    assert "nobody" in written
    assert ("\x1b[" in written) is coloured


def test_a_result_that_contains_itself_is_a_failure_that_says_so(tmp_path: Path, capsys: Capture) -> None:
    program = tmp_path / "circle.baml"
    program.write_text("class C { c C? }\nfunction main() -> C { let c = C { c: null }; c.c = c; c }")
    code, out, err = here(capsys, program, "main", "--stream", "off")
    assert (code, out) == (exits.FAILED, "")
    assert err == (
        "error: the result cannot be written as JSON: the value contains itself: it has no plain form\n"
    )


# --- functions of the host

HOSTED = """
function double(n: int) -> int throws unknown { $host }
function main() -> int throws unknown { double(21) }
"""


def test_a_file_of_python_gives_what_the_program_wants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program, module = tmp_path / "main.baml", tmp_path / "host.py"
    program.write_text(HOSTED)
    module.write_text("def double(n):\n    return n * 2\n\ndef other():\n    pass\n")
    assert run(["run", str(program), "--functions", str(module)]) == exits.OK
    assert capsys.readouterr().out.strip() == "42"


def test_without_it_nothing_is_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "main.baml"
    program.write_text(HOSTED)
    assert run(["run", str(program)]) == exits.FAILED
    assert "wants `double` of its host" in capsys.readouterr().err


def test_a_file_that_cannot_be_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = tmp_path / "host.py"
    module.write_text("def broken(:\n")
    assert run(["run", str(tmp_path), "--functions", str(module)]) == exits.USAGE
    assert "argument --functions: " in capsys.readouterr().err
