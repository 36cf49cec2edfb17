"""What a project's own files say of it: `[tool.bamlet]` in `pyproject.toml`, and BAML's `baml.toml`."""

from __future__ import annotations

import os
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
    folder = os.path.realpath(path)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    edition = _edition_in(folder)
    while edition is None and not os.path.exists(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            break
        edition = _edition_in(folder)
    return Settings(edition)


def _edition_in(folder: str) -> Edition | None:
    """A `baml.toml` without a word of it is one of the second edition: before that, projects had none."""
    bamls, pythons = os.path.join(folder, _BAML), os.path.join(folder, _PYTHON)
    if os.path.isfile(bamls):
        return _edition(bamls, _read(bamls).get("bamlet", {})) or 2
    if os.path.isfile(pythons):
        return _edition(pythons, _read(pythons).get("tool", {}).get("bamlet", {}))
    return None


def _edition(file: str, table: Any) -> Edition | None:
    found = table.get("edition") if isinstance(table, dict) else None
    if found in (None, 1, 2):
        return found
    raise SettingsError(f"{file}: there is no edition {found!r}, only 1 and 2")


def _read(file: str) -> dict[str, Any]:
    try:
        text = text_of(file)
        if "bamlet" not in text:
            return {}
        import tomllib  # most projects say nothing, and do without it

        return tomllib.loads(text)
    except (OSError, ValueError) as failure:
        raise SettingsError(f"{file}: {failure}") from failure
