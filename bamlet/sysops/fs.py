"""Files: the operations of `baml.fs`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..bounded import bytes_of
from ..interpreter.runtime.values import Instance
from .host import Context
from .registry import Failure, sysop


@contextmanager
def reaching(path: str) -> Iterator[Path]:
    """What the system says when it cannot is the message."""
    try:
        yield Path(path)
    except OSError as failure:
        raise Failure("Io", f"{path}: {failure.strerror or failure}") from failure
    except UnicodeDecodeError as failure:
        raise Failure("Io", f"{path} is not UTF-8 text") from failure
    except ValueError as failure:  # a path with a zero in it, or a text with half a character
        raise Failure("Io", f"{path!r}: {failure}") from failure


@sysop("baml.fs.read", throws=("Io",), group="fs")
def read(context: Context, path: str) -> str:
    with reaching(path) as file:
        return bytes_of(file).decode()


@sysop("baml.fs.write", throws=("Io",), group="fs")
def write(context: Context, path: str, text: str) -> None:
    with reaching(path) as file, file.open("w", encoding="utf-8", newline="") as opened:
        opened.write(text)


@sysop("baml.fs.write_counted", throws=("Io",), group="fs")
def write_counted(context: Context, path: str, text: str) -> int:
    write(context, path, text)
    return len(text.encode())


@sysop("baml.fs.append", throws=("Io",), group="fs")
def append(context: Context, path: str, text: str) -> None:
    with reaching(path) as file, file.open("a", encoding="utf-8", newline="") as opened:
        opened.write(text)


@sysop("baml.fs.write_bytes", throws=("Io",), group="fs")
def write_bytes(context: Context, path: str, data: bytes) -> int:
    with reaching(path) as file, file.open("wb") as opened:
        return opened.write(data)


@sysop("baml.fs.size", throws=("Io",), group="fs")
def size(context: Context, path: str) -> int:
    with reaching(path) as file:
        return file.stat().st_size


@sysop("baml.fs.exists", group="fs")
def exists(context: Context, path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


@sysop("baml.fs.list", throws=("Io",), group="fs")
def list_(context: Context, path: str) -> list[str]:
    with reaching(path) as folder:
        return sorted(entry.name for entry in folder.iterdir())


@sysop("baml.fs.read_dir", throws=("Io",), group="fs")
def read_dir(context: Context, path: str) -> list[Instance]:
    with reaching(path) as folder:
        return [_entry(context, one) for one in sorted(folder.iterdir(), key=lambda one: one.name)]


def _entry(context: Context, path: Path) -> Instance:
    fields = {
        "name": path.name,
        "is_dir": path.is_dir(),
        "is_file": path.is_file(),
        "is_symlink": path.is_symlink(),
    }
    return context.space.instance("baml.fs.DirEntry", fields)


@sysop("baml.fs.remove", throws=("Io",), group="fs")
def remove(context: Context, path: str) -> None:
    with reaching(path) as file:
        if file.is_dir() and not file.is_symlink():
            file.rmdir()
        else:
            file.unlink()


@sysop("baml.fs.remove_file", throws=("Io",), group="fs")
def remove_file(context: Context, path: str) -> None:
    with reaching(path) as file:
        file.unlink()


@sysop("baml.fs.make_dir", throws=("Io",), group="fs")
def make_dir(context: Context, path: str) -> None:
    with reaching(path) as folder:
        folder.mkdir(parents=True, exist_ok=True)


@sysop("baml.fs.make_one_dir", throws=("Io",), group="fs")
def make_one_dir(context: Context, path: str) -> None:
    with reaching(path) as folder:
        folder.mkdir()


@sysop("baml.fs.remove_dir", throws=("Io",), group="fs")
def remove_dir(context: Context, path: str) -> None:
    with reaching(path) as folder:
        folder.rmdir()


@sysop("baml.fs.remove_dir_all", throws=("Io",), group="fs")
def remove_dir_all(context: Context, path: str) -> None:
    with reaching(path) as folder:
        shutil.rmtree(folder)
