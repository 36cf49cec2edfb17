"""The client in Rust, compiled and over a server of ours. Where there is no cargo this says so; in CI it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import bamlet
from bamlet.clientgen import rust_package
from tests.servers.serving import CASSETTE, RECEIPT, ROOT, command

CLIENTS = ROOT / "tests" / "clients"
CARGO = shutil.which("cargo")
RUSTFMT = shutil.which("rustfmt")
MANIFEST = '[package]\nname = "myproject"\nversion = "0.1.0"\nedition = "2021"\nrust-version = "1.63"\n'
pytestmark = pytest.mark.skipif(CARGO is None and "CI" not in os.environ, reason="there is no cargo")


def project(folder: Path, program: Path, **sources: str) -> Path:
    """A crate with a client, and programs of its users: where they stand, by their names without the ending."""
    client = folder / "src" / "baml_client"
    client.mkdir(parents=True)
    for name, text in rust_package(bamlet.load(program).interface).files.items():
        (client / name).write_text(text, "utf-8")
    own = "#[cfg(test)]\nmod vectors;\n" if "vectors" in sources else ""
    (folder / "src" / "lib.rs").write_text(f"pub mod baml_client;\n{own}")
    (folder / "Cargo.toml").write_text(MANIFEST)
    for name, place in sources.items():
        (folder / place).mkdir(exist_ok=True)
        shutil.copy(CLIENTS / "rust" / f"{name}.rs", folder / place)
    return folder


def cargo(folder: Path, *arguments: str, url: str = "") -> str:
    """What it prints. Nothing is fetched, and no warning is let pass."""
    environ = {
        **os.environ,
        "BAMLET_URL": url,
        "ARGUMENTS": str(RECEIPT / "arguments.json"),
        "VECTORS": str(CLIENTS / "vectors"),
        "RUSTFLAGS": "-D warnings",
    }
    assert CARGO is not None, "install cargo: https://rustup.rs"
    command = [CARGO, arguments[0], "--offline", *arguments[1:]]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.mark.timeout(300)
def test_s18_every_form_of_a_type_compiles(tmp_path: Path) -> None:
    cargo(project(tmp_path / "p", CLIENTS / "forms.baml"), "check")


@pytest.mark.skipif(RUSTFMT is None and "CI" not in os.environ, reason="there is no rustfmt")
def test_s18_what_all_programs_share_is_as_rustfmt_writes_it() -> None:
    """In lines as long as those of this repository."""
    assert RUSTFMT is not None, "install rustfmt: rustup component add rustfmt"
    wide = ["--edition", "2021", "--config", "max_width=115,use_small_heuristics=Max"]
    for path in sorted((ROOT / "bamlet" / "clientgen" / "rust").glob("*.rs")):
        # From its standard input, since a module's file would bring those that it names.
        told = subprocess.run([RUSTFMT, *wide], input=path.read_bytes(), capture_output=True, check=True).stdout
        assert told.decode() == path.read_text("utf-8"), path.name


@pytest.mark.timeout(300)
def test_s16_the_guides_programs_run(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", RECEIPT, seed="src/bin")
    email = json.loads((RECEIPT / "arguments.json").read_text("utf-8"))["email"]
    with command("serve", str(RECEIPT), "--replay", str(CASSETTE)) as served:
        told = cargo(folder, "run", "--bin", "seed", "--", email, url=served.url).splitlines()
    finals = [at for at, line in enumerate(told) if line == "final: 3 items"]
    assert len(finals) == 2
    assert told[-1] == "Stopping stream - got enough items"
    assert set(told[: finals[0]]) <= {f"partial: {count} items" for count in range(4)}


@pytest.mark.timeout(600)
def test_s17_a_stream_is_resumed_stopped_and_decoded(tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copytree(RECEIPT, program)
    shutil.copy(CLIENTS / "more.baml", program)
    folder = project(tmp_path / "p", program, receipt="tests", vectors="src")
    with command("serve", str(program), "--replay", str(CASSETTE), "--speed", "20") as served:
        told = cargo(folder, "test", url=served.url)
    assert "4 passed" in told
    assert "8 passed" in told
