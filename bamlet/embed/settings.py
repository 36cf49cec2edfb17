"""What a project's own files say of it: `[tool.bamlet]` in `pyproject.toml`, and BAML's `baml.toml`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..interpreter.facts.edition import Edition
from ..records import dataclass
from .files import text_of

_BAML = "baml.toml"
_PYTHON = "pyproject.toml"


class SettingsError(ValueError):
    """A settings file that cannot be read, or says what cannot be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`edition` is None where nothing is said of it."""

    edition: Edition | None = None


def settings_of(path: str | os.PathLike[str]) -> Settings:
    """The settings of the program at a path: of its folder and those above it, up to the repository's root.

    Raises `SettingsError`.
    """
    start = Path(path).resolve()
    edition: Edition | None = None
    for folder in (start, *start.parents) if start.is_dir() else start.parents:
        edition = _edition_in(folder)
        if edition is not None or (folder / ".git").exists():
            break
    return Settings(edition)


def _edition_in(folder: Path) -> Edition | None:
    """A `baml.toml` without a word of it is one of the second edition: before that, projects had none."""
    if (folder / _BAML).is_file():
        table = _read(folder / _BAML).get("bamlet", {})
        return _edition(folder / _BAML, table) or 2
    if (folder / _PYTHON).is_file():
        return _edition(folder / _PYTHON, _read(folder / _PYTHON).get("tool", {}).get("bamlet", {}))
    return None


def _edition(file: Path, table: Any) -> Edition | None:
    found = table.get("edition") if isinstance(table, dict) else None
    if found in (None, 1, 2):
        return found
    raise SettingsError(f"{file}: there is no edition {found!r}, only 1 and 2")


def _read(file: Path) -> dict[str, Any]:
    try:
        text = text_of(file)
        if "bamlet" not in text:
            return {}
        import tomllib  # most projects say nothing, and do without it

        return tomllib.loads(text)
    except (OSError, ValueError) as failure:
        raise SettingsError(f"{file}: {failure}") from failure
