"""The `.baml` files at a path, and their bytes as text."""

from __future__ import annotations

import os
import stat
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..bounded import bytes_of
from ..diagnostics import Diagnostic, catalogue
from ..patterns import pattern
from ..records import dataclass
from ..source import SourceFile, Span

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Read:
    """A file's text. With a `problem` it is not text, and the source is there to point into only."""

    source: SourceFile
    problem: Diagnostic | None


MAX_FILE_BYTES = 16 * 2**20


def find(path: str | os.PathLike[str]) -> list[Path]:
    """A file itself, or every `.baml` file below a folder; a link that leads out of the folder is passed over.

    Raises `FileNotFoundError` if there is none.
    """
    from pathlib import Path

    return [Path(found) for found in find_names(path)]


def find_names(path: str | os.PathLike[str]) -> list[str]:
    """The same by their names, for a start: it takes longer to load `pathlib` than to read a project."""
    root = plain_name(path)
    try:
        is_folder = stat.S_ISDIR(os.stat(root).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        # For no other reason: what cannot be looked at may be there.
        raise FileNotFoundError(f"{root}: there is no such file or folder") from None
    found = sorted(_below(root), key=_parts) if is_folder else [root]
    if not found:
        raise FileNotFoundError(f"{root}: there is no .baml file below this folder")
    return found


def plain_name(path: str | os.PathLike[str]) -> str:
    """As `pathlib` writes it, without what means nothing."""
    name = os.fspath(path)
    if os.name == "posix" and name and not _NEEDLESS.search(name):
        return name
    from pathlib import Path

    return str(Path(name))


_NEEDLESS = pattern(r"//|(?:^|/)\.(?:/|\Z)|/\Z")


def _parts(name: str) -> list[str]:
    """What names are ordered by: a folder goes before what is only called almost like it."""
    return name.split(os.sep)


def read(path: str | os.PathLike[str]) -> Read:
    with open(path, "rb") as file:
        return read_open(plain_name(path), file)


def read_open(name: str, file: BinaryIO) -> Read:
    data = file.read(MAX_FILE_BYTES + 1)  # a device has no size, and perhaps no end
    if len(data) > MAX_FILE_BYTES:
        source = SourceFile(name, "")
        message = f"this file has more than {MAX_FILE_BYTES // 2**20} MiB"
        return Read(source, catalogue.UNREAD_FILE.at(Span(source, 0, 0), message))
    return decode(name, data)


def decode(name: str, data: bytes) -> Read:
    data = data.removeprefix(BOM_UTF8)
    try:
        return Read(SourceFile(name, data.decode()), None)
    except UnicodeDecodeError as error:
        source = SourceFile(name, data.decode(errors="replace"))
        at = len(data[: error.start].decode())
        return Read(source, catalogue.UNREAD_FILE.at(Span(source, at, at + 1), "this file is not UTF-8 text"))


def _below(root: str) -> Iterator[str]:
    """Hidden names and environments are passed over: an installed bamlet keeps its own library in one."""
    inside = os.path.realpath(root)
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
        if "pyvenv.cfg" in files:
            folders.clear()
        for name in files:
            if name.endswith(".baml") and not name.startswith("."):
                path = os.path.join(folder, name).removeprefix(_HERE)
                if _is_of(path, inside):
                    yield path


_HERE = os.path.join(os.curdir, "")


def _is_of(path: str, inside: str) -> bool:
    """A pipe below a folder would be waited for, for ever."""
    mode = os.lstat(path).st_mode
    if not stat.S_ISLNK(mode):
        return not stat.S_ISFIFO(mode)
    target = os.path.realpath(path)
    if os.path.exists(target) and stat.S_ISFIFO(os.stat(target).st_mode):
        return False
    return target.startswith(os.path.join(inside, ""))


def text_of(path: str | os.PathLike[str]) -> str:
    """The text of a file that stands beside a program. Raises `OSError`, and `ValueError` for what is no text."""
    return bytes_of(path).decode().replace("\r\n", "\n").replace("\r", "\n")
