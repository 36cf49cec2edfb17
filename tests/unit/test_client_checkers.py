"""What a strict type checker says about generated packages, and about programs of their users, right and wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bamlet.cli.main import run

CLIENTS = Path(__file__).parent.parent / "clients"
MARK = re.compile(r"# wrong: ")


CACHE = Path(__file__).parents[2] / ".mypy_cache" / "clients"


def project(folder: Path) -> Path:
    """Sources, client, stubs, and the user's programs beside them."""
    (folder / "baml_src").mkdir(parents=True)
    shutil.copy(CLIENTS / "forms.baml", folder / "baml_src")
    (folder / "baml_src" / "generator.baml").write_text(
        'generator Py {\n  output_type "python/pydantic"\n  default_client_mode sync\n}\n', "utf-8"
    )
    assert run(["generate", str(folder / "baml_src")]) == 0
    assert run(["generate", str(folder / "baml_src"), "--stubs", str(folder / "typed")]) == 0
    for name in ("right.py", "wrong.py"):
        shutil.copy(CLIENTS / name, folder)
    return folder


def marked() -> set[int]:
    lines = (CLIENTS / "wrong.py").read_text("utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if MARK.search(line)}


@pytest.mark.timeout(180)
def test_mypy_finds_each_mistake_of_a_user_and_none_of_ours(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--hide-error-context"]
    command += ["--cache-dir", str(CACHE), "baml_client", "typed", "right.py", "wrong.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = re.findall(r"^(\S+?):(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    assert [line for line in found if line[0] != "wrong.py"] == []
    assert {int(number) for _, number, _ in found} == marked(), done.stdout
