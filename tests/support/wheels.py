"""Wheels of bamlet and of its `baml_py`, and environments of their own to install them into."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build_wheels(folder: Path) -> tuple[Path, Path]:
    """Of bamlet, and of the package that stands in for `baml_py`."""
    return _build(ROOT, folder / "bamlet"), _build(ROOT / "packages" / "baml-py", folder / "baml_py")


def _build(project: Path, folder: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=project)
    (wheel,) = folder.glob("*.whl")
    return wheel


class Environment:
    """An empty one at first. It needs no pip of its own."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=os.name != "nt")
        self.folder = folder
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = str(self.bin / "python")

    def install(self, *what: str | Path) -> None:
        pip = (sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet")
        run(*pip, "--disable-pip-version-check", *map(str, what))

    def borrow_dependencies(self) -> None:
        """Those of the tests, behind what is installed here. Such a line leads to no editable install there."""
        (site,) = self.folder.glob("**/site-packages")
        (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"), "utf-8")


def run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
