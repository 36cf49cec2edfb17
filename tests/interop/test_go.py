"""The client in Go, compiled and over a server of ours. Where there is no Go this says so; in CI it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import bamlet
from bamlet.clientgen import go_package
from tests.servers.serving import CASSETTE, RECEIPT, ROOT, command

CLIENTS = ROOT / "tests" / "clients"
GO = shutil.which("go")
pytestmark = pytest.mark.skipif(GO is None and "CI" not in os.environ, reason="there is no go")


def project(folder: Path, program: Path, **sources: str) -> Path:
    """A client, and programs of its users: where they stand, by their names without the ending."""
    for name, text in go_package(bamlet.load(program).interface, "example.com/myproject").files.items():
        path = folder / "baml_client" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (folder / "go.mod").write_text("module example.com/myproject\n\ngo 1.19\n")
    for name, place in sources.items():
        shutil.copy(CLIENTS / "go" / f"{name}.go", folder / place)
    return folder


def go(folder: Path, *arguments: str, url: str = "") -> str:
    """What it prints. Nothing is fetched: the client needs the standard library alone."""
    environ = {
        **os.environ,
        "BAMLET_URL": url,
        "ARGUMENTS": str(RECEIPT / "arguments.json"),
        "VECTORS": str(CLIENTS / "vectors"),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
    }
    assert GO is not None, "install go: apt-get install golang-go"
    done = subprocess.run(
        [GO, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.mark.timeout(300)
def test_s18_every_form_of_a_type_compiles(tmp_path: Path) -> None:
    go(project(tmp_path / "p", CLIENTS / "forms.baml"), "vet", "./...")


def test_s18_what_all_programs_share_is_as_gofmt_writes_it() -> None:
    fixed = sorted(map(str, (ROOT / "bamlet" / "clientgen" / "go").glob("*.go")))
    assert subprocess.run(["gofmt", "-l", *fixed], capture_output=True, text=True, check=True).stdout == ""


@pytest.mark.timeout(300)
def test_s16_the_guides_program_runs_with_six_lines_changed(tmp_path: Path) -> None:
    """Its types are those of a client whose fields cannot be missing on the way, and its receipt has a `Total`."""
    folder = project(tmp_path / "p", RECEIPT, seed="main.go")
    assert (folder / "main.go").read_text("utf-8").count("// changed") == 6
    with command("serve", str(RECEIPT), "--offline") as served:
        told = go(folder, "run", ".", url=served.url)
    assert told.count("Final result: ") == 1
    assert "Concurrent processing completed: 3 successes, 0 errors" in told
    assert "Retry example succeeded" in told


@pytest.mark.timeout(600)
def test_s17_a_stream_is_resumed_stopped_and_decoded(tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copytree(RECEIPT, program)
    shutil.copy(CLIENTS / "more.baml", program)
    folder = project(tmp_path / "p", program, receipt_test=".", vectors_test="baml_client")
    with command("serve", str(program), "--replay", str(CASSETTE), "--speed", "20") as served:
        told = go(folder, "test", "./...", url=served.url)
    assert told.count("ok  ") == 2
