"""`bamlet fmt`: what it writes, what it prints, how it ends."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from bamlet.cli import exits, main

UGLY = "class A { x:int }\n"
NEAT = "class A {\n  x int\n}\n"
BROKEN = "class A { x\n"


def run(*words: str) -> int:
    return main.run(["fmt", *words])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ugly.baml").write_text(UGLY)
    (tmp_path / "neat.baml").write_text(NEAT)
    return tmp_path


def test_files_of_the_working_folder_are_laid_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "below").mkdir()
    (folder / "below" / "ugly.baml").write_text(UGLY)
    assert run() == exits.OK
    assert {path.read_text() for path in folder.rglob("*.baml")} == {NEAT}
    assert capsys.readouterr() == ("", "2 files laid out, 1 file left as it is\n")
    assert run() == exits.OK
    assert capsys.readouterr().err == "3 files left as they are\n"


def test_mode_and_links_are_kept_and_nothing_is_left_behind(folder: Path) -> None:
    (folder / "link.baml").symlink_to("ugly.baml")
    (folder / "ugly.baml").chmod(0o640)
    assert run("link.baml") == exits.OK
    assert (folder / "link.baml").is_symlink()
    assert (folder / "ugly.baml").read_text() == NEAT
    assert (folder / "ugly.baml").stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(folder)) == ["link.baml", "neat.baml", "ugly.baml"]


def test_check_lists_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--check", ".") == exits.FAILED
    assert capsys.readouterr() == ("ugly.baml\n", "1 file would change, 1 file left as it is\n")
    assert (folder / "ugly.baml").read_text() == UGLY
    assert run("--check", "neat.baml") == exits.OK


def test_diff_shows_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "ugly.baml").write_text("// a\nclass A {}")
    assert run("--diff", "ugly.baml") == exits.FAILED
    assert capsys.readouterr().out == (
        "--- ugly.baml\n+++ ugly.baml (formatted)\n@@ -1,2 +1,2 @@\n // a\n"
        "-class A {}\n\\ No newline at end of file\n+class A {}\n"
    )
    assert (folder / "ugly.baml").read_text() == "// a\nclass A {}"


def test_byte_order_mark_goes(folder: Path) -> None:
    (folder / "neat.baml").write_bytes(b"\xef\xbb\xbf" + NEAT.encode())
    assert run("--check", "neat.baml") == exits.FAILED
    assert run("neat.baml") == exits.OK
    assert (folder / "neat.baml").read_bytes() == NEAT.encode()


@pytest.mark.parametrize("broken", [BROKEN.encode(), b"class A { // \xff\n}\n"])
def test_broken_file_is_told_and_left_and_keeps_no_other(
    broken: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.baml").write_bytes(broken)
    assert run() == exits.BAD_SOURCE
    assert (folder / "broken.baml").read_bytes() == broken
    assert (folder / "ugly.baml").read_text() == NEAT
    out, err = capsys.readouterr()
    assert out == ""
    assert "broken.baml:1:" in err
    assert err.endswith("1 file laid out, 1 file left as it is, 1 file not laid out\n")


def test_standard_input_goes_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"class A {\r\n x int }\r\n")))
    assert run("-") == exits.OK
    assert capsysbinary.readouterr().out == b"class A {\r\n  x int\r\n}\r\n"


def test_path_that_does_not_exist_is_a_wrong_use(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("nothing.baml") == exits.USAGE
    assert "nothing.baml" in capsys.readouterr().err


def test_output_that_is_wrong_is_not_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bamlet.grammar.format._lay_out", lambda file, eol: "")
    assert run("ugly.baml") == exits.FAILED
    assert (folder / "ugly.baml").read_text() == UGLY
    assert "report" in capsys.readouterr().err
