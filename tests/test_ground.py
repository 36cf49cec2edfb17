"""Every number of the table of `tests/ground.py` is there, and every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.ground import GROUND

ROOT = Path(__file__).parent.parent
NUMBERS = [f"A{n}" for n in range(1, 16)] + [f"B{n}" for n in range(1, 14)] + [f"C{n}" for n in range(1, 8)]
NAMES = {
    ".py": r"^(?:async )?def {name}\(",
    ".md": r"^#+ {name}$",
    ".baml": r'^test "?{name}"?',
}


def test_every_number_has_its_tests() -> None:
    assert sorted(GROUND) == sorted(NUMBERS)
    assert all(GROUND.values())


@pytest.mark.parametrize(
    ("number", "test"), [(number, test) for number, tests in GROUND.items() for test in tests]
)
def test_named_test_exists(number: str, test: str) -> None:
    path, _, name = test.partition("::")
    pattern = NAMES[Path(path).suffix].format(name=re.escape(name))
    assert re.search(pattern, (ROOT / path).read_text("utf-8"), re.MULTILINE), f"{path} has no {name}"
