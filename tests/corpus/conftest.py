"""The tests of this folder are items of the plugin that we ship; `--all-async` emits no plain functions."""

from __future__ import annotations

from pathlib import Path

import pytest

import bamlet
from bamlet import embed
from bamlet.testing.plugin import LOAD


def pytest_configure(config: pytest.Config) -> None:
    all_async = config.getoption("--all-async")

    def load(folder: Path) -> bamlet.Program:
        """Each folder is a program of its own."""
        sources = {str(file): file.read_text("utf-8") for file in sorted(folder.rglob("*.baml"))}
        return embed.compile_sources(sources, emit_all_async=all_async)

    config.stash[LOAD] = load
    config.option.bamlet_offline = 0  # where a model is asked, its answers are invented
