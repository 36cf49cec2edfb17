"""The tables of `tests/client_faults.py` name tests that exist, and leave no number out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.client_faults import FAULTS, OF_NO_CLIENT, PAINS

ROOT = Path(__file__).parent.parent
NAMED = sorted({test for table in (FAULTS, PAINS) for tests in table.values() for test in tests})


@pytest.mark.parametrize("test", NAMED)
def test_named_test_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)


def test_every_number_is_there() -> None:
    assert list(FAULTS) == [f"F{number}" for number in range(1, 28)]
    assert sorted([*PAINS, *OF_NO_CLIENT]) == list(range(1, 26))
    assert all([*FAULTS.values(), *PAINS.values()])


def test_a_test_that_has_a_number_in_its_name_is_in_the_table() -> None:
    pattern = re.compile(r"^(?:async )?def (test_(?:f\d+|pain_\d+)_\w+)\(", re.MULTILINE)
    for path in sorted((ROOT / "tests" / "unit").glob("test_*.py")):
        for name in pattern.findall(path.read_text("utf-8")):
            assert f"tests/unit/{path.name}::{name}" in NAMED
