"""What a project says of its tests in `pyproject.toml` and `baml.toml`, and what the last run is remembered by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..diagnostics import did_you_mean
from .store import cache_folder
from .writing import write_whole

_KINDS: Mapping[str, tuple[str, type | tuple[type, ...]]] = {
    "parallel": ("a number", int),
    "runs": ("a number", int),
    "pass-rate": ("a number", (int, float)),
    "clients": ("a list of names", list),
    "record": ("a text", str),
    "cassettes": ("a text", str),
    "timeout": ("a number", (int, float)),
    "strict": ("true or false", bool),
    "env-files": ("a list of names", list),
    "output-format": ("a text, or a list of them", (str, list)),
}


def test_settings(path: Path) -> dict[str, Any]:
    """`[tool.bamlet.test]` of the nearest `pyproject.toml` above a path. Raises `ValueError`."""
    file = _nearest(path, "pyproject.toml")
    return {} if file is None else _checked(file, _table(file, ("tool", "bamlet", "test")))


def profile_arguments(path: Path, name: str | None) -> tuple[str, list[str]]:
    """The words of a profile of the nearest `baml.toml`; of its default if none is named, which may be none.

    Raises `ValueError`.
    """
    file = _nearest(path, "baml.toml")
    table = {} if file is None else _table(file, ("test",))
    if not isinstance(table, dict) or not isinstance(table.get("profiles", {}), dict):
        raise ValueError(f"{file}: [test] and its `profiles` are tables")
    _check_names(file, "[test]", table, ("default", "profiles"))
    name = name or table.get("default")
    if name is None:
        return "", []
    known = table.get("profiles", {})
    if not isinstance(name, str) or name not in known:
        hint = did_you_mean(str(name), known) or f"there are {', '.join(known) or 'none'}"
        raise ValueError(f"{file or 'there is no baml.toml'}: there is no test profile `{name}`; {hint}")
    profile = known[name]
    if isinstance(profile, dict):
        _check_names(file, f"[test.profiles.{name}]", profile, ("args",))
    words = profile.get("args", []) if isinstance(profile, dict) else None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{file}: `args` of the test profile `{name}` is a list of texts")
    return name, words


def _check_names(file: Path | None, table: str, found: Iterable[str], known: Iterable[str]) -> None:
    for name in found:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
            raise ValueError(f"{file}: {table} has no `{name}`; {hint}")


def _nearest(path: Path, name: str) -> Path | None:
    start = path.resolve()
    return next((file for folder in (start, *start.parents) if (file := folder / name).is_file()), None)


def _table(file: Path, keys: tuple[str, ...]) -> Any:
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{file}: this is not UTF-8, as TOML is") from None
    if keys[-1] not in text:
        return {}
    import tomllib  # most projects say nothing, and do without it

    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        raise ValueError(f"{file}: {failure}") from None
    for key in keys:
        table = table.get(key, {}) if isinstance(table, dict) else {}
    return table


def _checked(file: Path, table: Any) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise ValueError(f"{file}: [tool.bamlet.test] is a table")
    _check_names(file, "[tool.bamlet.test]", table, _KINDS)
    for name, value in table.items():
        what, kind = _KINDS[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{file}: `{name}` of [tool.bamlet.test] is {what}")
    return table


# --- the last run


def remember_failures(root: Path, failed: Iterable[str]) -> None:
    """For `--lf`. A cache that cannot be written costs no run."""
    folder = cache_folder()
    if folder is None:
        return
    known = _remembered(folder)
    known[_key(root)] = sorted(failed)
    try:
        write_whole(_remembering(folder), json.dumps(known).encode(), durable=False)
    except OSError:
        return


def last_failures(root: Path) -> list[str] | None:
    """What failed in the last run; None if none is known."""
    folder = cache_folder()
    return _remembered(folder).get(_key(root)) if folder is not None else None


def _remembering(folder: str) -> Path:
    return Path(folder, "last-test.json")


def _remembered(folder: str) -> dict[str, list[str]]:
    try:
        known = json.loads(_remembering(folder).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _key(root: Path) -> str:
    return hashlib.sha256(str(root.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
