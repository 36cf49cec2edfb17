"""The suite's one way into the language: sources in; diagnostics, a printed result or corpus tests out."""

from __future__ import annotations

import json
from functools import partial

import bamlet
from bamlet import embed
from bamlet.diagnostics import Diagnostic
from bamlet.testing import run_test
from tests.support.corpus_items import Project

_WIDE = 100


def check(sources: dict[str, str]) -> list[Diagnostic]:
    _, diagnostics = embed.check_sources(sources)
    return list(diagnostics)


def run(sources: dict[str, str]) -> str:
    """What `main()` returns as JSON, or `throws:` and the thrown value, or the panic; ends a line."""
    with bamlet.Runtime(embed.compile_sources(sources)) as runtime:
        try:
            return shown(runtime.call("main")) + "\n"
        except bamlet.UnhandledThrow as thrown:
            is_panic = str(thrown).startswith("panic: ")
            return f"{thrown}\n" if is_panic else f"throws: {shown(thrown.value)}\n"


def open_project(sources: dict[str, str], all_async: bool) -> Project:
    """A folder of the corpus, compiled, with a runtime for its tests. Raises `CompileError`."""
    program = embed.compile_sources(sources, emit_all_async=all_async)
    runtime = bamlet.Runtime(program)
    return Project((*program.tests, *runtime.discover()), partial(run_test, runtime), runtime.close)


def shown(value: object) -> str:
    """On one line if that is short enough to read."""
    plain = bamlet.to_plain(value)
    line = json.dumps(plain, ensure_ascii=False)
    return line if len(line) <= _WIDE else json.dumps(plain, ensure_ascii=False, indent=2)
