"""Runs the `test` blocks of every `.baml` file of this folder; `--all-async` emits no plain functions."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.support.corpus_items import CORPUS, Corpus, CorpusFile
from tests.support.programs import open_project


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CorpusFile | None:
    if file_path.suffix != ".baml":
        return None
    stash = parent.config.stash
    if CORPUS not in stash:
        all_async = parent.config.getoption("--all-async")
        stash[CORPUS] = Corpus(Path(__file__).parent, partial(open_project, all_async=all_async))
    return CorpusFile.from_parent(parent, path=file_path)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if CORPUS in session.config.stash:
        session.config.stash[CORPUS].close()
