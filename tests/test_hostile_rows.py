"""Every hostile input that the network and its streams must withstand has a test, by its number H01 to H40.

The number stands in the name of the test, `test_h07_…`, or in its docstring.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
ROWS = [*range(1, 25), 34, 35, 39, 40]
NUMBER = re.compile(r"^test_h(\d\d)_|\bH(\d\d)\b")


def _numbers(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for text in (node.name, ast.get_docstring(node) or ""):
                yield from (int(named or told) for named, told in NUMBER.findall(text))


def test_every_row_has_a_test() -> None:
    found = {number for path in TESTS.rglob("test_*.py") for number in _numbers(path)}
    assert [f"H{row:02}" for row in ROWS if row not in found] == []
