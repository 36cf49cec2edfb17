"""The `.baml` corpus as pytest items: every `test` block of a file, each folder compiled once a session.

How to compile and how to run a test come from the `conftest.py` that collects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from bamlet.diagnostics import CompileError
from bamlet.source import Span

CORPUS = pytest.StashKey["Corpus"]()


class TestBlock(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def function(self) -> str: ...

    @property
    def span(self) -> Span: ...


class Outcome(Protocol):
    @property
    def passed(self) -> bool: ...

    @property
    def message(self) -> str: ...


@dataclass(frozen=True)
class Project:
    """One compiled folder: its tests, and how to run one of them."""

    tests: Sequence[TestBlock]
    run: Callable[[Any], Outcome]
    close: Callable[[], None]


@dataclass
class Corpus:
    """`root`'s folders are compiled apart from each other; a file directly in `root` stands alone."""

    root: Path
    open: Callable[[dict[str, str]], Project]
    _opened: dict[Path, Project | CompileError] = field(default_factory=dict)

    def project(self, file: Path) -> Project:
        """The project that `file` belongs to. Raises `CompileError`, each time the same."""
        place = self.root / file.relative_to(self.root).parts[0]
        if place not in self._opened:
            self._opened[place] = self._open(place)
        opened = self._opened[place]
        if isinstance(opened, CompileError):
            raise opened
        return opened

    def source_name(self, file: Path) -> str:
        return file.relative_to(self.root).as_posix()

    def close(self) -> None:
        for opened in self._opened.values():
            if isinstance(opened, Project):
                opened.close()

    def _open(self, place: Path) -> Project | CompileError:
        files = sorted(place.rglob("*.baml")) if place.is_dir() else [place]
        try:
            return self.open({self.source_name(file): file.read_text("utf-8") for file in files})
        except CompileError as error:
            return error


class CorpusItem(pytest.Item):
    def __init__(self, *, project: Project, test: TestBlock, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.project = project
        self.test = test

    def runtest(self) -> None:
        outcome = self.project.run(self.test)
        if not outcome.passed:
            pytest.fail(f"{self.test.span}: {outcome.message}", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        span = self.test.span
        return self.path, span.file.line_and_column(span.start)[0] - 1, self.name


class CorpusFile(pytest.File):
    def collect(self) -> Iterator[CorpusItem]:
        corpus = self.config.stash[CORPUS]
        try:
            project = corpus.project(self.path)
        except CompileError as error:
            raise self.CollectError(str(error)) from None
        here = corpus.source_name(self.path)
        for test in project.tests:
            if test.span.file.name == here:
                yield CorpusItem.from_parent(
                    self, name=f"{test.function}: {test.name}", project=project, test=test
                )
