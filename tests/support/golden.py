"""Golden files: plain text under `snapshots/`, one file a case.

`golden("emit/closure.py", text)` compares. Only `--update-snapshots` writes. A file that no test asked
for fails a full run, so that goldens cannot outlive their tests.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

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

    def orphans(self) -> list[str]:
        """The files that nobody asked for, in order."""
        files = {path for path in self.root.rglob("*") if path.is_file() and not path.name.startswith(".")}
        return sorted(str(path.relative_to(self.root)) for path in files - self.used)
