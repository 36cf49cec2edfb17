"""A plugin for coverage.py (`plugins = bamlet.coverage`): which lines of a `.baml` file can run.

Compiled code has the lines of its source, so coverage counts them by itself; but to know which ones there are, it
would read the file as Python.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType

from coverage import CoveragePlugin, FileReporter, FileTracer
from coverage.plugin_support import Plugins
from coverage.types import TConfigSectionOut

from .embed import check_path

__all__ = ["coverage_init"]

_LIBRARY = str(Path(__file__).parent / "stdlib")


def coverage_init(registry: Plugins, options: TConfigSectionOut) -> None:
    registry.add_file_tracer(BamlPlugin())


class BamlPlugin(CoveragePlugin):
    def file_tracer(self, filename: str) -> FileTracer | None:
        ours = filename.endswith(".baml") and os.path.isabs(filename) and not filename.startswith(_LIBRARY)
        return BamlTracer(filename) if ours else None

    def file_reporter(self, filename: str) -> FileReporter:
        return BamlReporter(filename)

    def find_executable_files(self, src_dir: str) -> Iterable[str]:
        return (str(path) for path in sorted(Path(src_dir).rglob("*.baml")))


class BamlTracer(FileTracer):
    def __init__(self, filename: str) -> None:
        self._filename = filename

    def source_filename(self) -> str:
        return self._filename


class BamlReporter(FileReporter):
    def lines(self) -> set[int]:
        """Where statements begin. A file that needs others is compiled with all of its folder."""
        for path in (self.filename, os.path.dirname(self.filename)):
            program, _ = check_path(path)
            if program is not None:
                return {line for code in program.unit.code.in_order for line in _lines(code, self.filename)}
        return set()


def _lines(code: CodeType, filename: str) -> Iterator[int]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_filename == filename:
                yield from (line for _, _, line in constant.co_lines() if line is not None and line > 0)
            yield from _lines(constant, filename)
