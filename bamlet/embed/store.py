"""The cache folder: the parser's tables and the compiled library, kept between processes.

Everything in it can be deleted at any time. A folder that cannot be written costs time, not the run.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import pickle
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .._version import __version__

if TYPE_CHECKING:
    from ..interpreter.analyse import Unit


def cache_folder() -> Path | None:
    """`BAMLET_CACHE_DIR` (empty: no cache), else `bamlet` in the user's cache folder."""
    given = os.environ.get("BAMLET_CACHE_DIR")
    if given is not None:
        return Path(given) if given else None
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "bamlet"
    except RuntimeError:  # no home
        return None


def content_key(texts: Iterable[str]) -> str:
    """Changes with any of the texts, our version, Python's, and any file of the compiler or the library."""
    digest = hashlib.sha256(f"{__version__} {sys.version}".encode())
    for text in texts:
        digest.update(f"{len(text)} ".encode())
        digest.update(text.encode("utf-8", "surrogatepass"))
    package = Path(__file__).parent.parent
    for room in ("grammar", "interpreter", "jinja", "stdlib", "types"):
        for path in sorted((package / room).rglob("*")):
            if path.suffix in (".py", ".lark", ".baml"):
                digest.update(f"{path.name} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:20]


def load_unit(folder: Path | None, key: str) -> Unit | None:
    if folder is None:
        return None
    from ..interpreter.analyse import Unit

    try:
        data = (folder / f"library-{key}.bin").read_bytes()
        names, effects, codes = pickle.loads(data)
        return Unit(names, effects, tuple(marshal.loads(code) for code in codes))
    except (OSError, EOFError, ValueError, TypeError, AttributeError, ImportError, pickle.UnpicklingError):
        # Missing, cut short, or written by something else: it is made again.
        return None


def save_unit(folder: Path | None, key: str, unit: Unit) -> None:
    if folder is not None:
        data = pickle.dumps((unit.names, unit.effects, [marshal.dumps(code) for code in unit.code]))
        _write(folder / f"library-{key}.bin", data)


CLEAN_PROGRAMS = 200  # how many are remembered; one takes 65 bytes


def is_known_clean(folder: Path | None, key: str) -> bool:
    """Whether a program of this content was checked before, by this very compiler, and nothing was wrong."""
    return folder is not None and key in _clean_keys(folder)


def remember_clean(folder: Path | None, key: str) -> None:
    if folder is None:
        return
    kept = [known for known in _clean_keys(folder) if known != key][-(CLEAN_PROGRAMS - 1) :]
    _write(folder / "clean.txt", "\n".join([*kept, key]).encode())


def _clean_keys(folder: Path) -> list[str]:
    try:
        return (folder / "clean.txt").read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        return []


def _write(path: Path, data: bytes) -> None:
    """Written beside and renamed, so that another process never sees half a file."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)


def variable(name: str) -> str | None:
    """A variable of the process's environment, for surfaces that have no other door to it."""
    return os.environ.get(name)
