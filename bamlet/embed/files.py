"""The `.baml` files at a path, and their bytes as text."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..bounded import bytes_of
from ..diagnostics import Diagnostic, catalogue
from ..records import dataclass
from ..source import SourceFile, Span


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
    root = Path(path)
    if not root.exists():
        raise FileNotFoundError(f"{root}: there is no such file or folder")
    found = sorted(_below(root)) if root.is_dir() else [root]
    if not found:
        raise FileNotFoundError(f"{root}: there is no .baml file below this folder")
    return found


def read(path: Path) -> Read:
    with path.open("rb") as file:
        return read_open(str(path), file)


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


def _below(root: Path) -> Iterator[Path]:
    """Hidden names and environments are passed over: an installed bamlet keeps its own library in one."""
    inside = root.resolve()
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
        if "pyvenv.cfg" in files:
            folders.clear()
        names = (name for name in files if name.endswith(".baml") and not name.startswith("."))
        paths = (Path(folder, name) for name in names)
        for path in paths:
            # A pipe below a folder would be waited for, for ever.
            if not path.is_fifo() and (not path.is_symlink() or path.resolve().is_relative_to(inside)):
                yield path


def text_of(path: Path) -> str:
    """The text of a file that stands beside a program. Raises `OSError`, and `ValueError` for what is no text."""
    return bytes_of(path).decode().replace("\r\n", "\n").replace("\r", "\n")
