"""Pyright over generated packages and the programs of their users: a second opinion beside mypy's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.test_client_checkers import marked, project

PYRIGHT = str(Path(os.environ.get("BAMLET_PYRIGHT", "")).absolute())  # the tests' own environment has it not


@pytest.mark.timeout(180)
def test_pyright_finds_each_mistake_of_a_user_and_none_of_ours(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    command = [PYRIGHT, "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, "baml_client", "typed", "right.py", "wrong.py"], cwd=folder, capture_output=True, check=False
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    errors = {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1) for one in found if one["severity"] == "error"
    }
    assert {name for name, _ in errors} == {"wrong.py"}, found
    assert {line for _, line in errors} == marked()
