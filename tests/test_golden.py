"""Goldens: what compares, what writes, and when an unused file fails a run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.golden import Goldens
from tests.support.inner_pytest import ROOT, run_pytest


def test_equal_text_passes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo")
    Goldens(update=False, root=tmp_path)("a.txt", "one\r\ntwo")


def test_different_text_fails_with_a_diff(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\n")
    with pytest.raises(pytest.fail.Exception, match=r"-two\n\+three"):
        Goldens(update=False, root=tmp_path)("a.txt", "one\nthree\n")


def test_missing_golden_fails_and_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="does not exist"):
        Goldens(update=False, root=tmp_path)("emit/a.py", "x = 1\n")
    assert list(tmp_path.iterdir()) == []


def test_update_writes(tmp_path: Path) -> None:
    Goldens(update=True, root=tmp_path)("emit/a.py", "x = 1\r\n")
    assert (tmp_path / "emit" / "a.py").read_bytes() == b"x = 1\r\n"


def test_two_tests_may_not_share_a_name(tmp_path: Path) -> None:
    goldens = Goldens(update=True, root=tmp_path)
    goldens("a.txt", "one")
    with pytest.raises(AssertionError, match=r"two tests share a\.txt"):
        goldens("a.txt", "one")


def test_a_newer_python_may_have_a_golden_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    Goldens(update=True, root=tmp_path).of_version("a.txt", "new", version=13)
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert (tmp_path / "a-py313.txt").read_bytes() == b"new"
    for version, text in ((11, "old"), (12, "old"), (13, "new"), (14, "new")):
        goldens = Goldens(update=False, root=tmp_path)
        goldens.of_version("a.txt", text, version=version)
        assert goldens.orphans() == []
    with pytest.raises(pytest.fail.Exception, match=r"-new\+old"):
        Goldens(update=False, root=tmp_path).of_version("a.txt", "old", version=13)


def test_a_name_stays_inside(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="outside"):
        Goldens(update=True, root=tmp_path / "snapshots")("../a.txt", "one")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A project with our conftest, one test with its golden, one test without, and a golden too many."""
    (tmp_path / "tests" / "support").mkdir(parents=True)
    for name in ("conftest.py", "support/golden.py", "support/handle_watch.py", "support/canary.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    shutil.copytree(ROOT / "tests" / "servers", tmp_path / "tests" / "servers")
    (tmp_path / "tests" / "test_it.py").write_text(
        "def test_golden(golden):\n    golden('a.txt', 'one')\ndef test_plain():\n    pass\n", "utf-8"
    )
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "a.txt").write_text("one", "utf-8")
    (tmp_path / "snapshots" / "b.txt").write_text("two", "utf-8")
    return tmp_path


def test_orphan_fails_a_full_run(suite: Path) -> None:
    code, output = run_pytest(suite, "tests")
    assert code == 1
    assert "ORPHAN snapshots/b.txt" in output
    assert "a.txt" not in output


@pytest.mark.parametrize("arguments", [["tests/test_it.py"], ["tests", "-k", "plain"]], ids=" ".join)
def test_orphan_does_not_fail_a_partial_run(suite: Path, arguments: list[str]) -> None:
    code, output = run_pytest(suite, *arguments)
    assert code == 0, output
