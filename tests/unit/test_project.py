"""A project that is checked again and again. What it does not read again, no program can observe."""

from __future__ import annotations

import errno
import os
from itertools import count
from pathlib import Path

import pytest

from bamlet.embed.files import decode, find, find_names, plain_name
from bamlet.embed.project import Project

RIGHT = "function F(total: int) -> int { total }\n"
WRONG = "function F(total: int) -> int { totla }\n"
assert len(RIGHT) == len(WRONG)
TIMES = count(10**18)


def slugs(project: Project) -> list[str]:
    return [diagnostic.code.slug for diagnostic in project.check()]


def write(path: Path, text: str) -> Path:
    """Like an editor; no two times of change are the same, however coarse the clock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(0, next(TIMES)))
    return path


def test_a_change_of_the_same_size_is_seen(tmp_path: Path) -> None:
    file = write(tmp_path / "a.baml", RIGHT)
    project = Project(tmp_path)
    assert slugs(project) == []
    write(file, WRONG)
    assert slugs(project) == ["unknown-name"]
    write(file, RIGHT)
    assert slugs(project) == []


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    file = write(tmp_path / "a.baml", WRONG)
    project = Project(tmp_path)
    before = project.check()
    status = file.stat()
    file.write_text(RIGHT)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert project.check() is before
    write(tmp_path / "b.baml", "class B {}\n")
    assert slugs(project) == ["unknown-name"]


def test_files_come_and_go(tmp_path: Path) -> None:
    write(tmp_path / "a.baml", "class A { b B }\n")
    project = Project(tmp_path)
    assert slugs(project) == ["unknown-type"]
    other = write(tmp_path / "deep" / "b.baml", "class B {}\n")
    assert slugs(project) == []
    assert project.file_count == 2
    other.unlink()
    assert slugs(project) == ["unknown-type"]


def test_a_folder_that_becomes_empty_is_an_error_until_it_is_not(tmp_path: Path) -> None:
    file = write(tmp_path / "a.baml", RIGHT)
    project = Project(tmp_path)
    project.check()
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no \.baml file below this folder"):
        project.check()
    write(file, WRONG)
    assert slugs(project) == ["unknown-name"]


def test_all_paths_are_one_program(tmp_path: Path) -> None:
    one = write(tmp_path / "one" / "a.baml", "class A { b B }\n")
    two = write(tmp_path / "two" / "b.baml", "class B { c C }\n")
    project = Project(one, two.parent, two, beside=[decode("<stdin>", b"class C {}")])
    assert slugs(project) == []
    assert project.file_count == 3


def test_diagnostics_are_in_order_of_file_and_place(tmp_path: Path) -> None:
    write(tmp_path / "b.baml", "class B { x Y\n z Z }\n")
    write(tmp_path / "a.baml", "class A { x X }\n")
    found = Project(tmp_path / "b.baml", tmp_path / "a.baml").check()
    assert [diagnostic.span.text for diagnostic in found] == ["X", "Y", "Z"]


def test_a_file_that_is_not_text_is_pointed_into(tmp_path: Path) -> None:
    (tmp_path / "a.baml").write_bytes(b"\xef\xbb\xbf// \xc3\xa9\n// caf\xe9\n")
    write(tmp_path / "b.baml", WRONG)
    found = Project(tmp_path).check()
    assert [diagnostic.code.slug for diagnostic in found] == ["unread-file", "unknown-name"]
    assert found[0].span.file.line_and_column(found[0].span.start) == (2, 7)


def test_hidden_files_and_environments_are_passed_over(tmp_path: Path) -> None:
    for name in (".git/a", "node_modules/b", "env/lib/c", ".d", "src/e", "f"):
        write(tmp_path / f"{name}.baml", RIGHT)
    write(tmp_path / "env" / "pyvenv.cfg", "home = /usr/bin\n")
    assert find(tmp_path) == [tmp_path / "f.baml", tmp_path / "src" / "e.baml"]
    assert find(tmp_path / ".d.baml") == [tmp_path / ".d.baml"]


CALLER = "function G(n: int) -> int { F(n) catch (e) { string => 1 } }\n"
THROWS = 'function F(total: int) -> int { if (total > 1) { throw "much" } total }\n'


@pytest.mark.parametrize("again", [True, False], ids=["another process", "the same"])
def test_an_edit_of_a_function_is_held_against_those_that_call_it(
    again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAMLET_CACHE_DIR", str(tmp_path / "cache"))
    sources = tmp_path / "baml_src"
    file = write(sources / "a.baml", THROWS)
    write(sources / "b.baml", CALLER)
    project = Project(sources)
    found = []
    for text in (THROWS, THROWS.replace("1", "2"), RIGHT, THROWS.replace("1", "3"), WRONG, f"{THROWS}/*", THROWS):
        write(file, text)
        project = Project(sources) if again else project
        found.append(slugs(project))
    unreachable = ["unreachable-catch-arm"]
    assert found == [[], [], unreachable, [], ["unknown-name", *unreachable], ["unclosed"], []]


def test_an_edit_that_makes_a_program_one_of_the_second_edition_is_seen(tmp_path: Path) -> None:
    file = write(tmp_path / "a.baml", RIGHT)
    write(tmp_path / "b.baml", "class cleanup { x int }\n")
    project = Project(tmp_path)
    assert (slugs(project), project.edition().edition) == ([], 1)
    write(file, RIGHT.replace("total }", "total is int; total }"))
    assert (slugs(project), project.edition().edition) == ([], 2)


@pytest.mark.parametrize(
    "name", ["a", "./a", "a/", "a//b", "a/./b", ".", "./", "", "../a", "/", "//a", "a/..", ".a/b.", "a/.", "é/ "]
)
def test_names_are_those_of_pathlib(name: str) -> None:
    assert plain_name(name) == str(Path(name)) == plain_name(Path(name))


def test_files_are_found_in_the_order_of_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["a/b/z.baml", "a/x.baml", "a-b/y.baml", "m.baml"]
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert find_names(".") == [os.path.join(*name.split("/")) for name in names]
    assert sorted(map(Path, names)) == find(".")


def test_what_cannot_be_looked_at_is_not_told_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "m.baml").touch()
    for missing in ("nowhere", "m.baml/below", "\0"):
        with pytest.raises(FileNotFoundError, match="there is no such file or folder"):
            find_names(tmp_path / missing)
    loop = tmp_path / "loop.baml"
    loop.symlink_to(loop)
    for name, number in ((loop, errno.ELOOP), (tmp_path / ("a" * 300), errno.ENAMETOOLONG)):
        with pytest.raises(OSError, match=rf"\[Errno {number}\]"):
            find_names(name)
