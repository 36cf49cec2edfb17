"""The client in Ruby over a server of ours. Where there is no Ruby this says so; in CI it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import bamlet
from bamlet.clientgen import ruby_package
from tests.servers.serving import CASSETTE, RECEIPT, ROOT, command

CODE = ROOT / "tests" / "clients" / "ruby"
RUBY = shutil.which("ruby")
pytestmark = pytest.mark.skipif(RUBY is None and "CI" not in os.environ, reason="there is no ruby")


def project(folder: Path, program: Path, *sources: str) -> Path:
    """A client, and programs of its users."""
    (folder / "baml_client").mkdir(parents=True)
    for name, text in ruby_package(bamlet.load(program).interface).files.items():
        (folder / "baml_client" / name).write_text(text, "utf-8")
    for name in sources:
        shutil.copy(CODE / name, folder)
    return folder


def ruby(folder: Path, *arguments: str, url: str = "") -> str:
    """What it prints. It warns of nothing."""
    environ = {
        **os.environ,
        "BAMLET_URL": url,
        "ARGUMENTS": str(RECEIPT / "arguments.json"),
        "VECTORS": str(ROOT / "tests" / "clients" / "vectors"),
    }
    assert RUBY is not None, "install ruby: apt-get install ruby"
    done = subprocess.run(
        [RUBY, "-w", *arguments],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=150,
    )  # fmt: skip
    assert done.stderr == "", done.stderr + done.stdout
    return done.stdout


def test_s18_every_form_of_a_type_is_read_without_a_warning(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", ROOT / "tests" / "clients" / "forms.baml")
    told = ruby(folder, "-I.", "-e", 'require "baml_client"; puts BamlClient::Types::Lane::VALUES.inspect')
    assert told == '["AIR", "SEA", "OLD"]\n'


@pytest.mark.timeout(180)
def test_s16_the_guides_program_runs_unchanged(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", RECEIPT, "seed.rb")
    email = json.loads((RECEIPT / "arguments.json").read_text("utf-8"))["email"]
    with command("serve", str(RECEIPT), "--replay", str(CASSETTE)) as served:
        told = ruby(folder, "seed.rb", email, url=served.url).splitlines()
    finals = [at for at, line in enumerate(told) if line == "final: 3 items"]
    assert len(finals) == 2
    assert told[-1] == "Stopping stream - got enough items"
    assert set(told[: finals[0]]) == {f"partial: {count} items" for count in range(4)}


@pytest.mark.timeout(240)
def test_s17_a_stream_is_resumed_stopped_and_decoded(tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copytree(RECEIPT, program)
    shutil.copy(CODE.parent / "more.baml", program)
    folder = project(tmp_path / "p", program, "receipt.rb")
    with command("serve", str(program), "--replay", str(CASSETTE), "--speed", "20") as served:
        told = ruby(folder, "receipt.rb", url=served.url)
    assert "13 runs" in told
    assert "0 failures, 0 errors, 0 skips" in told, told
