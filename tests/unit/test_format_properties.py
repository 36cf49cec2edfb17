"""The formatter over generated programs: nothing is lost, nothing changes its meaning, twice is once."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, example, given, settings

from bamlet.grammar import Parser
from bamlet.grammar.format import format_source
from bamlet.grammar.lexer import Lexer
from bamlet.grammar.split import split
from bamlet.grammar.tokens import COMMENT
from bamlet.source import SourceFile
from tests.strategies.programs import expressions, items, programs, types

PARSER = Parser()
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"

enough = settings(
    max_examples=20_000 if NIGHTLY else 250,
    derandomize=not NIGHTLY,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def meaning(text: str) -> list[object]:
    parsed = PARSER.parse(SourceFile("text.baml", text))
    assert parsed.diagnostics == (), text
    return [item.node for item in parsed.items]


def comments(text: str) -> list[str]:
    """Found without the formatter's own reading: what the lexer takes for no token."""
    gaps: list[str] = []
    at = 0
    for start, end in split(text):
        for token in Lexer(text[start:end]).run():
            gaps.append(text[at : start + token.start])
            at = start + token.end
    return [match[0].rstrip() for gap in [*gaps, text[at:]] for match in COMMENT.finditer(gap)]


def check(text: str) -> None:
    written = format_source(text)
    assert meaning(written) == meaning(text.removeprefix("\ufeff"))
    assert comments(written) == comments(text.removeprefix("\ufeff"))
    assert format_source(written) == written


@enough
@given(programs())
def test_programs(text: str) -> None:
    check(text)


@enough
@given(items())
def test_items(text: str) -> None:
    check(text)


@enough
@given(expressions())
@example("- -a")
def test_expressions(text: str) -> None:
    check(f"function f() -> int {{ let x = {text}; }}")


@enough
@given(types())
def test_types(text: str) -> None:
    check(f"type A =\n{text}")
