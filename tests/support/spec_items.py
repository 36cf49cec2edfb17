"""A Markdown file as pytest items: every section is checked, run and compared through two functions.

The functions come from the `conftest.py` that collects, so that this can be tried on a toy language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest._code.code import TerminalRepr

from bamlet.diagnostics import Diagnostic, render
from tests.support.spec_sections import (
    Block,
    Expectation,
    MalformedSpec,
    Section,
    expectations,
    rewritten,
    sections,
)

REWRITES = pytest.StashKey[dict[Path, list[tuple[Block, str]]]]()


@dataclass(frozen=True)
class Language:
    check: Callable[[dict[str, str]], list[Diagnostic]]
    run: Callable[[dict[str, str]], str]


class SpecFailure(Exception):
    """A section does not hold; the text says how."""


def mismatches(sources: dict[str, str], found: list[Diagnostic]) -> list[str]:
    """What was expected and is missing, then what came and was not expected."""
    unclaimed = list(found)
    problems = []
    for wanted in expectations(sources):
        claimed = next((one for one in unclaimed if _meets(one, wanted)), None)
        if claimed is None:
            problems.append(f"missing: {wanted}")
        else:
            unclaimed.remove(claimed)
    return problems + [f"unexpected:\n{render(one)}" for one in unclaimed]


def judge(section: Section, language: Language) -> list[tuple[Block, str]]:
    """The rendered blocks that are out of date, each with what it should hold. Raises `SpecFailure`."""
    sources = section.sources
    found = language.check(sources)
    if problems := mismatches(sources, found):
        raise SpecFailure("\n".join(problems))
    stale = []
    if block := section.rendered("snapshot"):
        stale.append((block, "\n\n".join(render(one) for one in found) + "\n"))
    if block := section.rendered("output"):
        stale.append((block, language.run(sources)))
    return [(block, actual) for block, actual in stale if actual != block.text]


class SpecItem(pytest.Item):
    def __init__(self, *, section: Section, language: Language, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.section = section
        self.language = language

    def runtest(self) -> None:
        stale = judge(self.section, self.language)
        if self.config.getoption("--update-snapshots"):
            self.config.stash.setdefault(REWRITES, {}).setdefault(self.path, []).extend(stale)
        elif stale:
            raise SpecFailure("\n".join(_difference(block, actual) for block, actual in stale))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str | TerminalRepr:
        if isinstance(excinfo.value, SpecFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.section.blocks[0].line - 1, self.section.name


class SpecFile(pytest.File):
    def __init__(self, *, language: Language, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.language = language

    def collect(self) -> Iterator[SpecItem]:
        try:
            found = sections(self.path.read_bytes().decode())
        except MalformedSpec as problem:
            raise self.CollectError(f"{self.path}: {problem}") from None
        for section in found:
            yield SpecItem.from_parent(self, name=section.name, section=section, language=self.language)


def rewrite_files(config: pytest.Config) -> None:
    """Write what `--update-snapshots` has gathered, at the end of the session."""
    for path, replacements in config.stash.get(REWRITES, {}).items():
        if replacements:
            path.write_bytes(rewritten(path.read_bytes().decode(), replacements).encode())


def _meets(found: Diagnostic, wanted: Expectation) -> bool:
    span = found.span
    at = span.file.name, span.file.line_and_column(span.start)[0], found.code.slug
    if at != (wanted.file, wanted.line, wanted.slug):
        return False
    if wanted.slug == "revealed":
        return wanted.text == found.message or f"`{wanted.text}`" in found.message
    return found.severity == wanted.severity and wanted.text in found.message


def _difference(block: Block, actual: str) -> str:
    return f"line {block.line}: {block.kind} differs\n--- expected\n{block.text}--- actual\n{actual}"
