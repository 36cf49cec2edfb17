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

from .._version import __version__
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


def library_key(texts: Iterable[str]) -> str:
    """Changes with the library's text, our version, Python's, and any file of the compiler."""
    digest = hashlib.sha256(f"{__version__} {sys.version}".encode())
    for text in texts:
        digest.update(text.encode())
    package = Path(__file__).parent.parent
    for room in ("grammar", "interpreter", "types"):
        for path in sorted((package / room).rglob("*")):
            if path.suffix in (".py", ".lark"):
                digest.update(f"{path.name} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:20]


def load_unit(folder: Path | None, key: str) -> Unit | None:
    if folder is None:
        return None
    try:
        data = (folder / f"library-{key}.bin").read_bytes()
        names, effects, codes = pickle.loads(data)
        return Unit(names, effects, tuple(marshal.loads(code) for code in codes))
    except (OSError, EOFError, ValueError, TypeError, AttributeError, ImportError, pickle.UnpicklingError):
        # Missing, cut short, or written by something else: it is made again.
        return None


def save_unit(folder: Path | None, key: str, unit: Unit) -> None:
    """Written beside and renamed, so that another process never sees half a file."""
    if folder is None:
        return
    data = pickle.dumps((unit.names, unit.effects, [marshal.dumps(code) for code in unit.code]))
    fresh = folder / f"library-{key}.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(data)
        fresh.replace(folder / f"library-{key}.bin")
    except OSError:
        fresh.unlink(missing_ok=True)


def variable(name: str) -> str | None:
    """A variable of the process's environment, for surfaces that have no other door to it."""
    return os.environ.get(name)
