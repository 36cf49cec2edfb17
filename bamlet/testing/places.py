"""Where the files of a test are: its cassettes, its scripts, its prompt, each below a folder of their own."""

from __future__ import annotations

import re
from pathlib import Path

from .outcome import Case, RunKey

CASSETTES = "cassettes"
SCRIPTS = "scripts"
PROMPTS = "prompts"
_UNSAFE = re.compile(rb"[^A-Za-z0-9_.-]")


class Places:
    """Folders of a project, each looked for once: the nearest of its name between a test's file and the root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[tuple[str, str], Path] = {}

    def folder(self, case: Case, name: str) -> Path:
        """That of the root if there is none."""
        known = case.file, name
        if known not in self._known:
            root, file = self.root.resolve(), Path(case.file).resolve()
            between = [folder for folder in file.parents if folder.is_relative_to(root)]
            found = (folder / name for folder in between if (folder / name).is_dir())
            self._known[known] = next(found, root / name)
        return self._known[known]


def cassette_name(key: RunKey, *, several: bool) -> Path:
    """`Function/Test[.client][.run].jsonl`: two runs never share a file."""
    parts = [key.case.name, *([key.client] if key.client else []), *([str(key.number)] if several else [])]
    return below(key.case) / f"{'.'.join(map(safe_name, parts))}.jsonl"


def below(case: Case) -> Path:
    """The folder of a function, or of a set; `_` for tests that are in none."""
    return Path(*map(safe_name, (case.path or "_").split("::")))


def safe_name(text: str) -> str:
    """A text as the name of a file, and back again without doubt."""
    quoted = _UNSAFE.sub(lambda found: f"%{found[0][0]:02X}".encode(), text.encode()).decode()
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")
