"""The cache folder: the parser's tables, the compiled library and compiled programs, kept between processes.

Everything in it can be deleted at any time. A folder that cannot be written costs time, not the run.

What is read from it is executed. So it is used only while nobody but its owner may write into it and the owner is
who runs this; a file is unpickled only if it is as long and as whole as it was written.
"""

from __future__ import annotations

import marshal
import os
import pickle
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..digests import blake2b
from .writing import write_whole

if TYPE_CHECKING:
    from ..diagnostics import Diagnostic
    from ..interpreter.program.unit import Unit


Folder = str | os.PathLike[str]


def cache_folder() -> str | None:
    """`BAMLET_CACHE_DIR` (empty: none), else `bamlet` in the user's cache folder, unless others may write it."""
    folder = _named_folder()
    return folder if folder is not None and _is_private(folder) else None


def _named_folder() -> str | None:
    given = os.environ.get("BAMLET_CACHE_DIR")
    if given is not None:
        return given or None
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(os.path.join("~", ".cache"))
    return None if base.startswith("~") else os.path.join(base, "bamlet")  # who has no home


def _is_private(folder: str) -> bool:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return _is_ours(os.stat(folder))
    except OSError:
        return False


def _is_ours(status: os.stat_result) -> bool:
    if os.name == "nt":
        return True  # the mode says nothing there; a user's own folders are private
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def content_key(texts: Iterable[str]) -> str:
    """Changes with any of the texts, our version, Python's, and any file of the compiler or the library."""
    digest = blake2b(_compiler_key(), digest_size=16)
    for text in texts:
        digest.update(f"{len(text)} ".encode())
        digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def compiler_version() -> str:
    """Ours and Python's."""
    return f"bamlet {__version__}, Python {sys.version}"


@cache
def _compiler_key() -> bytes:
    digest = blake2b(compiler_version().encode(), digest_size=32)
    package = os.path.dirname(os.path.dirname(__file__))
    rooms = ("diagnostics", "grammar", "interpreter", "jinja", "records", "stdlib", "types")
    changed = [line for room in rooms for line in _times(os.path.join(package, room))]
    changed += (f"{name} {os.stat(os.path.join(package, name)).st_mtime_ns}" for name in _ALONE)
    digest.update("\n".join(sorted(changed)).encode())
    return digest.digest()


_ALONE = (os.path.join("embed", "store.py"), "patterns.py", "source.py")


def _times(folder: str) -> Iterator[str]:
    """Of each file of ours below the folder: where it is, and when it was changed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".lark", ".baml")):
                yield f"{entry.path} {entry.stat().st_mtime_ns}"
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _times(entry.path)


def load_unit(folder: Folder | None, name: str) -> tuple[Unit, tuple[Diagnostic, ...]] | None:
    """What `save_unit` kept. None if it is missing, cut short, or written by something else: it is made again."""
    data = None if folder is None else _read(os.path.join(folder, f"{name}.bin"))
    if data is None:
        return None
    return unpacked(data)


def save_unit(folder: Folder | None, name: str, unit: Unit, diagnostics: tuple[Diagnostic, ...]) -> None:
    if folder is not None:
        _write(os.path.join(folder, f"{name}.bin"), packed(unit, diagnostics))


def packed(unit: Unit, diagnostics: tuple[Diagnostic, ...]) -> bytes:
    """Code is for one version of Python, which `marshal` does not say; whoever keeps it must."""
    code = unit.code
    texts = marshal.dumps(code.in_order)
    pieces = {name: (p.file, p.place, p.wants, p.subscripts) for name, p in code.pieces.items()}
    return pickle.dumps((unit.names, unit.effects, texts, pieces, unit.edition, diagnostics))


def unpacked(data: bytes) -> tuple[Unit, tuple[Diagnostic, ...]]:
    from ..interpreter.facts.pieces import Code, Piece
    from ..interpreter.program.unit import Unit

    names, effects, texts, parts, edition, diagnostics = pickle.loads(data)
    classes, *codes, shared = marshal.loads(texts)
    pieces = {
        name: Piece(file, place, code, wants, subscripts)
        for code, (name, (file, place, wants, subscripts)) in zip(codes, parts.items(), strict=True)
    }
    return Unit(names, effects, Code(classes, pieces, shared), edition), diagnostics


def load_kept(folder: Folder | None, name: str) -> Any:
    """What `save_kept` kept, or None. The name says which version of us did."""
    data = None if folder is None else _read(os.path.join(folder, f"{name}.bin"))
    return None if data is None else pickle.loads(data)


def save_kept(folder: Folder | None, name: str, value: object) -> None:
    if folder is not None:
        _write(os.path.join(folder, f"{name}.bin"), pickle.dumps(value))


KEPT_PROGRAMS = 100  # programs of the user that were compiled, and as many projects that were compiled or checked


def forget_old_programs(folder: Folder | None) -> None:
    """Keep the newest."""
    if folder is None:
        return
    with suppress(OSError):  # another process does the same
        names = [name for name in os.listdir(folder) if name.endswith(".bin")]
        for kind in ("program-", "built-", "checked-"):
            kept = [os.path.join(folder, name) for name in names if name.startswith(kind)]
            if len(kept) > KEPT_PROGRAMS:
                kept.sort(key=lambda path: os.stat(path).st_mtime_ns, reverse=True)
                for path in kept[KEPT_PROGRAMS:]:
                    os.unlink(path)


CLEAN_PROGRAMS = 200  # how many are remembered; one takes 65 bytes


def is_known_clean(folder: Folder | None, key: str) -> bool:
    """Whether a program of this content was checked before, by this very compiler, and nothing was wrong."""
    return folder is not None and key in _clean_keys(folder)


def remember_clean(folder: Folder | None, key: str) -> None:
    if folder is None:
        return
    kept = [known for known in _clean_keys(folder) if known != key][-(CLEAN_PROGRAMS - 1) :]
    _write(os.path.join(folder, "clean.bin"), "\n".join([*kept, key]).encode())


def _clean_keys(folder: Folder) -> list[str]:
    return (_read(os.path.join(folder, "clean.bin")) or b"").decode("ascii").split()


def _write(path: str, data: bytes) -> None:
    """Or not: what cannot be kept is made again."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_whole(path, _sealed(data), mode=0o600, durable=False)
    except OSError:
        return


def _read(path: str) -> bytes | None:
    """The data of a whole file of ours, no link to one of another."""
    try:
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | _BINARY), "rb") as file:
            sealed = file.read() if _is_ours(os.fstat(file.fileno())) else b""
    except OSError:
        return None
    data = sealed[_SEAL_SIZE:]
    return data if data and sealed == _sealed(data) else None


_BINARY = getattr(os, "O_BINARY", 0)
_SEAL_SIZE = 32


def _sealed(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SEAL_SIZE).digest() + data


def variable(name: str) -> str | None:
    """A variable of the process's environment, for surfaces that have no other door to it."""
    return os.environ.get(name)
