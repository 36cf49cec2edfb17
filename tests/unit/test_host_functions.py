"""Functions of the host as arguments, other programs, and lines of the user: what a program gets from outside."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.cli.main import run as command
from bamlet.sysops.clock import Clock

SOURCE = """
class Schema { tables: string[], size: int }

function describe(introspect: () -> Schema, ask: (string) -> string) -> unknown[] {
  let schema = introspect();
  [schema.size, schema.tables.map((table) -> { ask(table) })]
}

function failing(ask: (string) -> string) -> string {
  ask("x") catch (e) { let failed: baml.errors.HostCallable => failed.message }
}

function at_once(ask: (string) -> string) -> string[] {
  await baml.future.all(["a", "b", "c"].map((word) -> { spawn { ask(word) } }))
}

function shell(line: string, options: baml.sys.ProcessOptions?) -> unknown[] {
  let output = baml.sys.shell(line, options);
  [output.stdout.to_string(), output.stderr.to_string(), output.exit_code, output.ok()]
}

function exec(program: string, args: string[]) -> string {
  baml.sys.exec(program, args = args).stdout.to_string() catch (e) {
    let io: baml.errors.Io => "io: " + io.message,
    let late: baml.errors.Timeout => "late",
  }
}

function late(line: string, limit: int) -> string {
  baml.sys.shell(line, baml.sys.ProcessOptions { timeout_ms: limit }).stdout.to_string() catch (e) {
    let late: baml.errors.Timeout => `${late.phase}: ${late.message}`,
    let io: baml.errors.Io => "io: " + io.message,
  }
}

function chat() -> string[] { [baml.io.input("name? "), baml.io.input(), baml.io.input("more? ")] }

function leave(code: int) -> int { defer { print("bye"); } baml.sys.exit(code) }

function bytes(given: uint8array) -> unknown[] {
  let more = given.concat("é".to_utf8());
  let place = more.index_of("b".to_utf8());
  [more, more.length(), more.at(-1), more.at(9), more.slice(0, 1).to_string(), place, more is uint8array]
}

function picture(path: string) -> image { image.from_file(path) }

function no_picture(path: string) -> string {
  image.from_file(path, "image/png").mime_type() ?? "none"
}

function why(path: string) -> string {
  no_picture(path) catch (e) {
    let wrong: baml.errors.InvalidArgument => wrong.message,
    let io: baml.errors.Io => "io",
  }
}
"""


@pytest.fixture(scope="module")
def program() -> bamlet.Program:
    return bamlet.compile_sources({"main.baml": SOURCE})


async def shout(word: str) -> str:
    await asyncio.sleep(0)
    return word.upper()


# --- functions of the host


def test_functions_of_the_host_are_called_like_others(program: bamlet.Program) -> None:
    with bamlet.Runtime(program) as runtime:
        found = runtime.call("describe", introspect=lambda: {"tables": ["a", "b"], "size": 2}, ask=shout)
        assert found == [2, ["A", "B"]]
        assert runtime.call("at_once", ask=str.title) == ["A", "B", "C"]
        assert runtime.asynchronous.handles.open_count == 0


def test_what_they_raise_or_give_wrongly_can_be_caught(program: bamlet.Program) -> None:
    def broken(word: str) -> str:
        raise KeyError(word)

    with bamlet.Runtime(program) as runtime:
        assert runtime.call("failing", ask=broken) == "`broken` of the host: KeyError: 'x'"
        said = runtime.call("failing", ask=lambda word: 5)
        assert "no string: should be `string`, not 5 (int)" in said


def test_an_iterator_that_is_at_its_end_is_told(program: bamlet.Program) -> None:
    """No future can hold its `StopIteration`, and whoever waits for the thread would wait for ever."""
    words = iter(())
    with bamlet.Runtime(program) as runtime:
        said = runtime.call("failing", ask=lambda word: next(words))
    assert "it raised StopIteration" in said
    with (
        bamlet.Runtime(program, on_input=lambda prompt: next(words)) as runtime,
        pytest.raises(RuntimeError, match="StopIteration"),
    ):
        runtime.call("chat")


def test_a_function_that_does_not_fit_is_refused(program: bamlet.Program) -> None:
    with bamlet.Runtime(program) as runtime:
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="`ask` should take 1 argument, which <lambda>"):
            runtime.call("failing", ask=lambda: "")
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="`ask` should be"):
            runtime.call("failing", ask="no function")


def test_the_group_can_be_denied(program: bamlet.Program) -> None:
    with (
        bamlet.Runtime(program, deny={"host"}) as runtime,
        pytest.raises(bamlet.UnhandledThrow, match=r"denies `baml\.host\.call`"),
    ):
        runtime.call("failing", ask=shout)


# --- other programs


@pytest.fixture
def allowed(program: bamlet.Program) -> Any:
    with bamlet.Runtime(program, allow={"process"}) as runtime:
        yield runtime


def test_a_process_is_fed_and_heard(allowed: bamlet.Runtime, tmp_path: Path) -> None:
    options = {"stdin": "in\n", "env": {"WORD": "w"}, "cwd": str(tmp_path)}
    line = 'cat; echo "$WORD"; basename "$PWD"; echo oh >&2; exit 3'
    assert allowed.call("shell", line=line, options=options) == [f"in\nw\n{tmp_path.name}\n", "oh\n", 3, False]
    assert allowed.call("exec", program=sys.executable, args=["-c", "print(6 * 7)"]) == "42\n"
    assert allowed.call("exec", program="no-such-program", args=[]).startswith("io: no-such-program: No such file")


def test_a_process_that_takes_too_long_is_killed_with_its_children(
    allowed: bamlet.Runtime, tmp_path: Path
) -> None:
    started = tmp_path / "child"
    line = f"sleep 600 & echo $! > {started}.part; mv {started}.part {started}; wait"
    for limit in (100, 400, 1600, 6400):  # a busy machine may not have started the shell's child within the first
        told = allowed.call("late", line=line, limit=limit)
        assert told.replace(",", "") == f"process: /bin/sh took longer than its limit of {limit} ms"
        if started.exists():
            break
    child, ends = int(started.read_text()), time.monotonic() + 30
    while _runs(child) and time.monotonic() < ends:  # it was told to end, which takes its turn on a busy machine
        time.sleep(0.01)
    assert not _runs(child)


def _runs(process: int) -> bool:
    """One that was killed may still be listed, until whoever has adopted it looks."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_what_it_may_write_has_an_end(allowed: bamlet.Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bamlet.sysops.process.MAX_OUTPUT", 1000)
    assert allowed.call("exec", program="yes", args=[]) == "io: yes wrote more than 1,000 bytes"


def test_processes_are_denied_unless_they_are_allowed(program: bamlet.Program) -> None:
    for runtime in (
        bamlet.Runtime(program),
        bamlet.Runtime(program, allow={"process"}, deny={"process"}),
    ):
        with runtime, pytest.raises(bamlet.UnhandledThrow, match=r'unless it says `allow=\{"process"\}`'):
            runtime.call("exec", program="true", args=[])
    with pytest.raises(ValueError, match="there is no group `proces` to allow"):
        bamlet.Runtime(program, allow={"proces"})  # type: ignore[arg-type]


# --- the user


def test_lines_of_the_user(program: bamlet.Program) -> None:
    lines = iter(["Ada", "1815"])
    prompts: list[str] = []

    def answer(prompt: str) -> str | None:
        prompts.append(prompt)
        return next(lines, None)

    with bamlet.Runtime(program, on_input=answer) as runtime:
        assert runtime.call("chat") == ["Ada", "1815", ""]
    assert prompts == ["name? ", "", "more? "]
    with bamlet.Runtime(program) as runtime:
        assert runtime.call("chat") == ["", "", ""]


def test_a_program_may_choose_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "main.baml"
    path.write_text(SOURCE, "utf-8")
    assert command(["run", str(path), "leave", "--arg", "code=7"]) == 7
    assert capsys.readouterr() == ("", "bye\n")


# --- bytes and media


def test_bytes_are_bytes(program: bamlet.Program) -> None:
    with bamlet.Runtime(program) as runtime:
        found = runtime.call("bytes", given=bytearray(b"ab"))
    assert found == [b"ab\xc3\xa9", 4, 0xA9, None, "a", 1, True]
    assert bamlet.to_plain(found[0]) == "YWLDqQ=="


def test_an_image_from_a_file(program: bamlet.Program, tmp_path: Path) -> None:
    path = tmp_path / "dot"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    with bamlet.Runtime(program) as runtime:
        found = runtime.call("picture", path=str(path))
        assert (found.media_type, found.base64[:8]) == ("image/png", "iVBORw0K")
        path.write_bytes(b"%PDF-1.7")
        assert runtime.call("why", path=str(path)).endswith("is application/pdf, and no image")
        assert runtime.call("why", path=str(tmp_path / "none")) == "io"
    with (
        bamlet.Runtime(program, deny={"fs"}) as runtime,
        pytest.raises(bamlet.UnhandledThrow, match=r"denies `image\.of_file`"),
    ):
        runtime.call("picture", path=str(path))


def test_a_call_that_is_stopped_leaves_neither_its_process_nor_the_limit_of_it() -> None:
    program = bamlet.compile_sources(
        {
            "slow.baml": """
            // bamlet: edition 2
            function slow() -> int {
              baml.sys.shell("sleep 60", baml.sys.ProcessOptions { timeout_ms: 60000 }).exit_code
            }
            """
        }
    )

    async def body() -> None:
        limited = asyncio.Event()

        class Telling(Clock):
            async def sleep(self, seconds: float) -> None:
                limited.set()
                await super().sleep(seconds)

        async with bamlet.AsyncRuntime(program, allow=["process"], clock=Telling()) as runtime:
            before = asyncio.all_tasks()
            call = asyncio.create_task(runtime.call("slow"))
            await limited.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert asyncio.all_tasks() == before

    asyncio.run(asyncio.wait_for(body(), 20))
