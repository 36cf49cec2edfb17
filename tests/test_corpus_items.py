"""The corpus runner on a toy: a test is a line `test NAME ok` or `test NAME wrong`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bamlet.diagnostics import Code, CompileError
from bamlet.source import SourceFile, Span
from tests.support.corpus_items import Project
from tests.support.inner_pytest import run_pytest

BROKEN = Code("broken", "T1", "error", "a program that does not compile")


@dataclass
class ToyTest:
    name: str
    function: str
    span: Span


@dataclass
class ToyOutcome:
    passed: bool
    message: str


def open_toy(sources: dict[str, str]) -> Project:
    """Prints what it compiles, so that a second compilation would show."""
    print("compiled", *sorted(sources))
    tests = []
    for name, text in sources.items():
        file = SourceFile(name, text)
        if "broken" in text:
            raise CompileError((BROKEN.at(Span(file, 0, 6), "this is broken"),))
        for match in re.finditer(r"test (\w+) \w+", text):
            tests.append(ToyTest(match[1], "F", Span(file, *match.span())))
    return Project(tests, lambda test: ToyOutcome("ok" in test.span.text, "not ok"), lambda: print("closed"))


CONFTEST = """
from pathlib import Path
from tests.support.corpus_items import CORPUS, Corpus, CorpusFile
from tests.test_corpus_items import open_toy

def pytest_configure(config):
    config.stash[CORPUS] = Corpus(Path(__file__).parent, open_toy)

def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".baml":
        return CorpusFile.from_parent(parent, path=file_path)

def pytest_sessionfinish(session):
    session.config.stash[CORPUS].close()
"""


def test_each_test_block_is_an_item_and_each_folder_is_compiled_once(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "ns_a/one.baml": "test first ok\n\ntest second wrong\n",
            "ns_a/two.baml": "test third ok\n",
            "b.baml": "",
        },
    )
    code, output = run_pytest(tmp_path, "-vv", "--capture=no")
    assert code == 1
    assert re.findall(r"::F: (\w+) (PASSED|FAILED)", output) == [
        ("first", "PASSED"),
        ("second", "FAILED"),
        ("third", "PASSED"),
    ]
    assert "ns_a/one.baml:3:1: not ok" in output
    assert output.count("compiled ns_a/one.baml ns_a/two.baml\n") == 1
    assert output.count("closed") == 2


def test_a_folder_that_does_not_compile_is_an_error_with_its_drawing(tmp_path: Path) -> None:
    make(tmp_path, {"ns_a/one.baml": "broken\n", "ns_a/two.baml": "", "ns_b/three.baml": "test third ok\n"})
    code, output = run_pytest(tmp_path, "--capture=no")
    assert code == 2
    assert "error[broken]: this is broken" in output
    assert output.count("compiled ns_a/one.baml ns_a/two.baml\n") == 1


def make(folder: Path, files: dict[str, str]) -> None:
    for name, text in {"conftest.py": CONFTEST, **files}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
