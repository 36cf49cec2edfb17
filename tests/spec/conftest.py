"""Runs every Markdown file of this folder as tests; `tests/support/spec_sections.py` tells how to write one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs import check, run
from tests.support.spec_items import Language, SpecFile, rewrite_files

LANGUAGE = Language(check=check, run=run)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    if file_path.suffix == ".md":
        return SpecFile.from_parent(parent, path=file_path, language=LANGUAGE)
    return None


def pytest_sessionfinish(session: pytest.Session) -> None:
    rewrite_files(session.config)
