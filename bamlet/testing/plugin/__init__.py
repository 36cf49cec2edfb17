"""The plugin for pytest: each test of a `.baml` file is an item, and Python tests get programs and runtimes.

pytest imports this in every project that has bamlet installed, so nothing else of bamlet is imported before it is
used.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .fixtures import (
    bamlet_async_runtime,
    bamlet_mock,
    bamlet_offline,
    bamlet_program,
    bamlet_prompt,
    bamlet_runtime,
)
from .items import BamlFile, collected, is_pruned
from .options import add_options, check_options
from .programs import LOAD, PROGRAMS

__all__ = [
    "LOAD",
    "bamlet_async_runtime",
    "bamlet_mock",
    "bamlet_offline",
    "bamlet_program",
    "bamlet_prompt",
    "bamlet_runtime",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "bamlet(path): the program of the fixtures bamlet_program and bamlet_runtime"
    )
    config.stash[PROGRAMS] = {}
    check_options(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> BamlFile | None:
    return collected(file_path, parent)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Hundreds of recordings would each be offered to every plugin."""
    return True if is_pruned(collection_path, config) else None
