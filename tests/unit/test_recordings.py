"""A recording is written whole or not at all, by one writer, and a damaged one is refused by its line.

Files and processes are the host's, so this is Python.
"""

from __future__ import annotations

import asyncio
import errno
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import bamlet
from bamlet.cli.main import run
from bamlet.embed.cassettes import CassetteError, Recording, replay_transport
from bamlet.embed.writing import Beside, write_whole
from bamlet.wire.cassette import MAX_DEPTH, body_json, read_cassette
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks

pytestmark = pytest.mark.timeout(50)

SOURCE = """
client<llm> Local { provider openai-generic, options { base_url "URL", model "m" } }
function Say(text: string) -> string { client Local, prompt #"{{ text }}"# }
"""


def program(server: LoopbackServer) -> bamlet.Program:
    return bamlet.compile_sources({"main.baml": SOURCE.replace("URL", server.url)})


def say(recording: Recording, compiled: bamlet.Program, *texts: str) -> None:
    async def body() -> None:
        async with bamlet.AsyncRuntime(compiled, transport=recording.transport, environ={}) as rt:
            for text in texts:
                await rt.stream("Say", text=text).final()

    asyncio.run(asyncio.wait_for(body(), 20))


def recorded(server: LoopbackServer, path: Path, *texts: str) -> str:
    server.default = Answer(openai_chunks(["fine"]))
    with Recording(path) as recording:
        say(recording, program(server), *texts)
    return path.read_text("utf-8")


def test_a_recording_takes_its_place_when_it_is_whole(loopback: LoopbackServer, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    loopback.default = Answer(openai_chunks(["fine"]))
    with Recording(path) as recording:
        say(recording, program(loopback), "a", "b")
        assert not path.exists()
        assert recording.beside.read_text("utf-8").count("\n") == 2
    assert [file.name for file in tmp_path.iterdir()] == ["x.jsonl"]
    assert len(read_cassette(path.read_text("utf-8")).interactions) == 2


def test_a_good_recording_is_not_replaced_unasked(loopback: LoopbackServer, tmp_path: Path) -> None:
    good = recorded(loopback, tmp_path / "x.jsonl", "a")
    with pytest.raises(FileExistsError):
        Recording(tmp_path / "x.jsonl")
    with Recording(tmp_path / "x.jsonl", force=True) as recording:
        say(recording, program(loopback), "b")
    assert (tmp_path / "x.jsonl").read_text("utf-8") != good


def test_a_run_that_fails_leaves_the_good_recording(loopback: LoopbackServer, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = recorded(loopback, path, "a")
    loopback.default = Answer([b"no"], 500)
    with (
        pytest.raises(bamlet.BamlClientHttpError),
        Recording(path, force=True) as recording,
    ):
        say(recording, program(loopback), "b")
    assert path.read_text("utf-8") == good
    assert '"status":500' in recording.beside.read_text("utf-8")


def test_the_command_records_over_a_cassette_only_by_force(
    loopback: LoopbackServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, source = tmp_path / "x.jsonl", tmp_path / "main.baml"
    good = recorded(loopback, path, "a")
    source.write_text(SOURCE.replace("URL", loopback.url))
    call = ["run", str(source), "Say", "--arg", "text=b", "--record", str(path)]
    assert run(call) == 2
    assert f"{path} exists; --force records over it" in capsys.readouterr().err
    loopback.default = Answer([b"no"], 500)
    assert run([*call, "--force"]) == 1
    assert f"{path} stays as it was; what was recorded is in {path}.partial" in capsys.readouterr().err
    assert path.read_text("utf-8") == good
    loopback.default = Answer(openai_chunks(["fine"]))
    assert run([*call, "--force"]) == 0
    assert path.read_text("utf-8") != good


def test_two_recorders_do_not_share_a_file(loopback: LoopbackServer, tmp_path: Path) -> None:
    loopback.default = Answer(openai_chunks(["fine"]))
    with Recording(tmp_path / "x.jsonl") as recording:
        say(recording, program(loopback), "a")
        with pytest.raises(OSError, match="is being written by another"):
            Recording(tmp_path / "x.jsonl")
        script = f"from bamlet.embed.cassettes import Recording; Recording({str(tmp_path / 'x.jsonl')!r})"
        other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "is being written by another" in other.stderr
    assert len(read_cassette((tmp_path / "x.jsonl").read_text("utf-8")).interactions) == 1


def test_what_a_crash_left_beside_is_overwritten(loopback: LoopbackServer, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.partial").write_text("half a li")
    assert "half" not in recorded(loopback, tmp_path / "x.jsonl", "a")


def test_a_full_disk_is_told_and_leaves_the_good_recording(loopback: LoopbackServer, tmp_path: Path) -> None:
    """A limit of the size of files stands for it: the kernel refuses in the middle of a write. The child writes no
    bytecode (`-B`): what it imports under the limit would be kept cut short, for all who import it later."""
    path = tmp_path / "x.jsonl"
    good = recorded(loopback, path, "a")
    script = f"""
import resource, signal, asyncio, bamlet
from bamlet.embed.cassettes import Recording, RecordingBroken
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
program = bamlet.compile_sources({{"main.baml": {SOURCE.replace("URL", loopback.url)!r}}})
async def body(recording):
    async with bamlet.AsyncRuntime(program, transport=recording.transport, environ={{}}) as rt:
        resource.setrlimit(resource.RLIMIT_FSIZE, ({len(good) // 2}, resource.RLIM_INFINITY))
        print(await rt.stream("Say", text="b").final())
try:
    with Recording({str(path)!r}, force=True) as recording:
        asyncio.run(body(recording))
except RecordingBroken as failure:
    print(failure)
"""
    done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["fine", f"{path}: the recording is not written: File too large"], (
        done.stderr
    )
    assert path.read_text("utf-8") == good
    assert [file.name for file in tmp_path.iterdir()] == ["x.jsonl"]


def test_each_record_has_a_checksum(loopback: LoopbackServer, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    first, second = recorded(loopback, path, "a", "b").splitlines()
    damaged = second.replace('"status":200', '"status":201')
    path.write_text(f"{first}\n{damaged}\n")
    with pytest.raises(CassetteError, match=r"line 2 of the cassette: its checksum does not fit.*`sum`"):
        replay_transport(path)
    entry = json.loads(damaged)
    del entry["sum"]
    path.write_text(f"{first}\n{json.dumps(entry)}\n")
    assert len(replay_transport(path).unused()) == 2
    path.write_text(f"{first}\n{second[: len(second) // 2]}")
    with pytest.raises(CassetteError, match="line 2 of the cassette: not JSON"):
        replay_transport(path)


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"v":' * 50_000,
        '{"v":1,"request":' + '{"a":' * 300 + "1" + "}" * 301,
        '{"v":' + "9" * 5_000 + "}",
        "\udc80",
    ],
)
def test_a_hostile_line_is_refused(line: str) -> None:
    with pytest.raises(CassetteError, match="line 1 of the cassette"):
        read_cassette(line)


def test_a_body_that_is_too_deep_is_known_by_its_hash() -> None:
    for depth, known in ((MAX_DEPTH - 1, True), (MAX_DEPTH + 1, False), (200_000, False)):
        assert (body_json(b"[" * depth + b"]" * depth) is not None) is known


def test_a_file_that_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # bytecode would be cut short, too
    path = tmp_path / "x"
    path.write_bytes(b"good")
    path.chmod(0o640)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        with pytest.raises(OSError, match=rf"\[Errno ({errno.EFBIG}|{errno.ENOSPC})\]"):
            write_whole(path, b"longer than four")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [file.name for file in tmp_path.iterdir()] == ["x"]
    assert path.read_bytes() == b"good"
    write_whole(path, b"better")
    assert path.read_bytes() == b"better"


def test_a_link_is_followed_and_a_device_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    beside = Beside(tmp_path / "link", force=True)
    beside.write(b"new")
    beside.put_in_place()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
    with pytest.raises(OSError, match="no regular file"):
        Beside("/dev/null", force=True)
