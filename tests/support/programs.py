"""The suite's one way into the language: sources in; diagnostics or a printed result out."""

from __future__ import annotations

import json

import bamlet
from bamlet import embed
from bamlet.diagnostics import Diagnostic

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


def shown(value: object) -> str:
    """On one line if that is short enough to read."""
    plain = bamlet.to_plain(value)
    line = json.dumps(plain, ensure_ascii=False)
    return line if len(line) <= _WIDE else json.dumps(plain, ensure_ascii=False, indent=2)
