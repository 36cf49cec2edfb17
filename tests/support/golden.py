"""Golden files: plain text under `snapshots/`, one file a case.

`golden("emit/closure.py", text)` compares. Only `--update-snapshots` writes. A file that no test asked
for fails a full run, so that goldens cannot outlive their tests.

Some texts are partly Python's own, such as `--help`. `golden.of_version("cli/run.txt", text)` compares with
`cli/run-py313.txt` from Python 3.13 on, if there is one.
"""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path

import pytest

OLDEST = 11  # of Python 3; its goldens have no version in their names
SNAPSHOTS = Path(__file__).parents[2] / "snapshots"


class Goldens:
    def __init__(self, update: bool, root: Path = SNAPSHOTS) -> None:
        self.update = update
        self.root = root
        self.used: set[Path] = set()

    def __call__(self, name: str, actual: str) -> None:
        path = self.root / name
        assert ".." not in path.parts, f"{name} is outside of {self.root.name}/"
        assert path not in self.used, f"two tests share {name}"
        self.used.add(path)
        # Bytes, so that a golden can hold any line end.
        expected = path.read_bytes().decode() if path.exists() else None
        if actual == expected:
            return
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual.encode())
            return
        assert expected is not None, f"{name} does not exist; run `make snapshots` if it should"
        diff = difflib.unified_diff(expected.splitlines(True), actual.splitlines(True), name, "actual")
        pytest.fail("".join(diff) + "\nrun `make snapshots` if this is right", pytrace=False)

    def of_version(self, name: str, actual: str, version: int = sys.version_info.minor) -> None:
        """The same for a text that another Python may write otherwise: with the golden of the nearest version."""
        path = self.root / name
        variants = {int(found[1]): file for file in path.parent.glob("*") if (found := _variant(path, file))}
        nearest = max((minor for minor in variants if minor <= version), default=OLDEST)
        chosen = variants.get(nearest, path)
        if self.update and version > OLDEST and chosen.read_bytes() != actual.encode():
            chosen = path.with_stem(f"{path.stem}-py3{version}")
        self(str(chosen.relative_to(self.root)), actual)
        self.used |= {path, *variants.values()}

    def orphans(self) -> list[str]:
        """The files that nobody asked for, in order."""
        files = {path for path in self.root.rglob("*") if path.is_file() and not path.name.startswith(".")}
        return sorted(str(path.relative_to(self.root)) for path in files - self.used)


def _variant(path: Path, file: Path) -> re.Match[str] | None:
    return re.fullmatch(rf"{re.escape(path.stem)}-py3(\d+){re.escape(path.suffix)}", file.name)
