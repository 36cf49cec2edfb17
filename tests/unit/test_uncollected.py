"""Python's collector at rest. In processes of their own, since it is the whole process's."""

from __future__ import annotations

import subprocess
import sys

import pytest

MADE = """
import gc
from bamlet.uncollected import FROZEN_BY_PYTHON, uncollected
{before}
with uncollected():
    assert not gc.isenabled()
    made = [[each] for each in range(10_000)]
old = any(each is made for each in gc.get_objects(generation=2))
print(gc.isenabled(), old, gc.get_freeze_count() > FROZEN_BY_PYTHON)
"""


@pytest.mark.parametrize(
    ("before", "expected"),
    [("", "True True False"), ("gc.disable()", "False False False"), ("gc.freeze()", "True False True")],
    ids=["what is made is old at once", "who has disabled it finds it so", "what a host has frozen stays so"],
)
def test_a_rest_leaves_the_collector_as_it_was(before: str, expected: str) -> None:
    command = [sys.executable, "-c", MADE.format(before=before)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.strip() == expected
