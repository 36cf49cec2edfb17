"""What a host lets a program reach, and where its `print` goes: the language cannot observe the host."""

from __future__ import annotations

import json
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

MANAGING = """
// bamlet: edition 2
function Manage(folder: string) -> unknown[] throws baml.errors.Io {
  baml.fs.mkdir(folder);
  let again = baml.fs.mkdir(folder) catch (e) { let failed: baml.errors.Io => failed.message };
  baml.fs.mkdir(folder + "/a/b", baml.fs.MkdirOptions { recursive: true });
  let bytes = baml.fs.write_bytes(folder + "/x", "é".to_utf8());
  let file = baml.fs.open(folder + "/y", "w");
  file.write("1");
  file.close();
  let more = baml.fs.open(folder + "/y", mode = "a");
  more.write("2");
  let unread = more.read() catch (e) { let failed: baml.errors.Io => failed.message };
  baml.fs.remove_dir(folder + "/a/b");
  let text = baml.fs.open(folder + "/y").read();
  let size = baml.fs.size(folder + "/x");
  let entries = baml.fs.read_dir(folder).map((one) -> { [one.name, one.is_dir, one.is_file, one.is_symlink] });
  [again, bytes, size, text, unread, entries]
}
function Bytes(path: string) -> int throws unknown { baml.fs.write_bytes(path, "x".to_utf8()) }
function Size(path: string) -> int throws unknown { baml.fs.size(path) }
function List(path: string) -> int throws unknown { baml.fs.read_dir(path).length() }
function Make(path: string) -> null throws unknown { baml.fs.mkdir(path) }
function MakeAll(path: string) -> null throws unknown {
  baml.fs.mkdir(path, baml.fs.MkdirOptions { recursive: true })
}
function Remove(path: string) -> null throws unknown { baml.fs.remove_dir(path) }
function RemoveAll(path: string) -> null throws unknown { baml.fs.remove_dir_all(path) }
function Open(path: string) -> null throws unknown { baml.fs.open(path, "w").close() }
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


def test_folders_are_made_told_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    kept = tmp_path / "kept"
    kept.write_text("kept")
    rt = runtime(MANAGING)
    again, count, size, text, unread, entries = rt.call("Manage", folder=str(folder))
    assert again == f"{folder}: File exists"
    assert (count, size, text) == (2, 2, "12")
    assert unread == f'{folder}/y was opened with "a", and cannot be read'
    assert entries == [["a", True, False, False], ["x", False, True, False], ["y", False, True, False]]
    (folder / "z").symlink_to(kept)
    with pytest.raises(bamlet.BamlError, match="not empty"):
        rt.call("Remove", path=str(folder))
    rt.call("RemoveAll", path=str(folder))
    assert (folder.exists(), kept.read_text()) == (False, "kept")


@pytest.mark.parametrize("function", ["Bytes", "Size", "List", "Make", "MakeAll", "Remove", "RemoveAll", "Open"])
def test_whoever_denies_files_denies_all_of_it(function: str, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(bamlet.BamlError, match="may not reach `fs`"):
        runtime(MANAGING, deny={"fs"}).call(function, path=str(tmp_path / "kept"))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


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


def test_a_program_is_given_what_its_host_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = "function main() -> string[] { baml.sys.argv() }"
    assert runtime(source).call("main") == []
    assert runtime(source, argv=["a", "-b"]).call("main") == ["a", "-b"]
    (tmp_path / "main.baml").write_text(source)
    assert run(["run", str(tmp_path / "main.baml"), "--argv", "a b", "--argv=-c"]) == 0
    assert json.loads(capsys.readouterr().out) == ["a b", "-c"]


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
