"""Programs of the second edition and what they give: values, what they throw, or where they are wrong.

A row that is wrong has a `twin` that differs in the wrong line only, and compiles. The rows are data that others
derived from the language's rules, which is why they are no part of the corpus.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.embed import check_sources, compile_sources
from bamlet.grammar import Parser
from bamlet.grammar.format import format_source
from bamlet.source import SourceFile

FIXTURES = Path(__file__).parent.parent / "fixtures"
ROWS = [json.loads(line) for line in (FIXTURES / "edition2.jsonl").read_text("utf-8").splitlines()]

# Rows that say something else than the rules do.
CONTRADICT = {
    "ns.08": "nothing in the project is of the second edition, and in the first folders are no namespaces",
}


PARSER = Parser()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_layout_keeps_the_meaning(row: dict[str, Any]) -> None:
    for text in (row.get("files") or {"": row["source"]}).values():
        before = PARSER.parse(SourceFile("text.baml", text))
        if before.diagnostics:
            assert "expect_error" in row
            continue
        written = format_source(text)
        after = PARSER.parse(SourceFile("text.baml", written))
        assert [item.node for item in after.items] == [item.node for item in before.items]
        assert format_source(written) == written


def matches(row: dict[str, Any]) -> bool:
    files = row.get("files") or {"main.baml": row["source"]}
    if "expect_error" in row:
        twin = row.get("twin_files") or {"main.baml": row["twin"]}
        return _is_wrong_at(files, row["expect_error"]["line"]) and check_sources(twin)[0] is not None
    try:
        program = compile_sources(files)
    except bamlet.CompileError:
        return False
    with bamlet.Runtime(program) as runtime:
        try:
            value = bamlet.to_plain(runtime.call(row["function"], row["args"]))
        except bamlet.UnhandledThrow as thrown:
            if "expect_panic" in row:
                return row["expect_panic"] in getattr(thrown.value, "__class_name__", "")
            return "expect_throw" in row and bamlet.to_plain(thrown.value) == row["expect_throw"]
    return "expect" in row and repr(value) == repr(row["expect"])


def _is_wrong_at(files: dict[str, str], line: int) -> bool:
    program, found = check_sources(files)
    lines = {one.span.file.line_and_column(one.span.start)[0] for one in found}
    return program is None and line in lines


def test_the_lists_name_rows() -> None:
    assert CONTRADICT.keys() <= {row["id"] for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_row(row: dict[str, Any]) -> None:
    """What works must leave the lists."""
    assert matches(row) is not (row["id"] in CONTRADICT)
