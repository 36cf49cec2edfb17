"""What a host lets a program reach, and where its `print` goes: the language cannot observe the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.cli.main import run

FILES = """
function Copy(from: string, to: string) -> string {
  baml.fs.write(to, baml.fs.read(from));
  baml.fs.append(to, "!");
  let file = baml.fs.open(to);
  let text = file.read();
  file.close();
  text
}

function Read(path: string) -> string {
  baml.fs.read(path) catch (e) {
    failed: baml.errors.Io => "io: " + failed.message,
    denied: baml.panics.AccessDenied => "denied: " + denied.message,
  }
}

function Tidy(folder: string) -> string[] {
  baml.fs.make_dir(folder + "/a/b");
  baml.fs.write(folder + "/a/two", "");
  baml.fs.write(folder + "/a/one", "");
  let names = baml.fs.list(folder + "/a");
  baml.fs.remove(folder + "/a/one");
  baml.fs.remove(folder + "/a/b");
  names.concat(baml.fs.list(folder + "/a"))
}

function Closed(path: string) -> string {
  let file = baml.fs.open(path);
  file.close();
  file.read() catch (e) { failed: baml.errors.Io => failed.message }
}
"""

REACHING = """
function Variable() -> string? { env.get("HOME_OF_TESTS") }
function Dotted() -> string { env.HOME_OF_TESTS }
function Fetch() -> int { baml.http.fetch("http://127.0.0.1:1/").status_code }
function Read() -> string { baml.fs.read("x") }
"""


def runtime(source: str, **options: Any) -> bamlet.Runtime:
    return bamlet.Runtime(bamlet.compile_sources({"main.baml": source}), **options)


def test_files_are_read_written_and_listed(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes("é\r\n".encode())
    rt = runtime(FILES)
    assert rt.call("Copy", {"from": str(tmp_path / "in"), "to": str(tmp_path / "out")}) == "é\r\n!"
    assert (tmp_path / "out").read_bytes() == "é\r\n!".encode()
    assert rt.call("Tidy", folder=str(tmp_path)) == ["b", "one", "two", "two"]
    assert rt.call("Closed", path=str(tmp_path / "out")).endswith("out is closed")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff")
    rt = runtime(FILES)
    missing, folder, no_text = tmp_path / "missing", tmp_path, tmp_path / "bytes"
    assert rt.call("Read", path=str(missing)) == f"io: {missing}: No such file or directory"
    assert rt.call("Read", path=str(folder)) == f"io: {folder}: Is a directory"
    assert rt.call("Read", path=str(no_text)) == f"io: {no_text} is not UTF-8 text"
    assert rt.call("Read", path="a\0b").startswith("io: ")


@pytest.mark.parametrize(
    ("group", "function"),
    [("env", "Variable"), ("env", "Dotted"), ("net", "Fetch"), ("fs", "Read")],
)
def test_what_is_denied_is_a_panic_that_names_its_group(group: str, function: str) -> None:
    with pytest.raises(bamlet.BamlError, match=f"may not reach `{group}`"):
        runtime(REACHING, deny={group}, environ={"HOME_OF_TESTS": "x"}).call(function)


def test_a_model_is_out_of_reach_without_a_network() -> None:
    source = """
    client<llm> C {
      provider openai
      options {
        model "m"
        api_key "k"
        base_url "http://127.0.0.1:1"
      }
    }
    function Ask() -> string {
      client C
      prompt #"Hi"#
    }
    function main() -> string { Ask() catch (e) { _ => "hidden" } }
    """
    rt = runtime(source, deny={"net"})
    with pytest.raises(bamlet.BamlError, match="may not reach `net`"):
        rt.call("main")
    assert rt.request("Ask").url == "http://127.0.0.1:1/chat/completions"


def test_a_program_can_catch_a_denial(tmp_path: Path) -> None:
    read = runtime(FILES, deny={"fs"}).call("Read", path=str(tmp_path / "x"))
    assert read.startswith("denied: this program may not reach `fs`")


def test_what_is_not_denied_works(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("text")
    assert runtime(FILES, deny={"net", "env"}).call("Read", path=str(tmp_path / "x")) == "text"


def test_a_group_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no group `files`.*env, fs, net"):
        runtime(FILES, deny={"files"})


PRINTING = """
function main() -> int {
  print("a line");
  print({ a: [1, null] });
  1
}
"""


def test_print_goes_to_the_host(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    assert runtime(PRINTING, on_print=lines.append).call("main") == 1
    assert lines == ["a line", '{"a": [1, null]}']
    assert capsys.readouterr() == ("", "")


def test_print_goes_to_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    runtime(PRINTING).call("main")
    assert capsys.readouterr() == ("", 'a line\n{"a": [1, null]}\n')


def test_the_result_stands_alone_on_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "main.baml").write_text(PRINTING)
    assert run(["run", str(tmp_path)]) == 0
    assert capsys.readouterr() == ("1\n", 'a line\n{"a": [1, null]}\n')


def test_run_denies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "main.baml").write_text(REACHING)
    assert run(["run", str(tmp_path), "Read", "--deny", "fs", "--deny", "net"]) == 1
    assert "may not reach `fs`" in capsys.readouterr().err
