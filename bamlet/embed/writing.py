"""Writing a file whole: beside its place, flushed, and renamed into it, so that nobody ever reads half of one.

What fails on the way, a full disk or a crash, leaves what stood there before.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from io import FileIO, IOBase
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path  # a start does without it

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be replaced anyway
    fcntl = None  # type: ignore[assignment]

_BINARY = getattr(os, "O_BINARY", 0)
_numbers = count()


def write_whole(path: str | os.PathLike[str], data: bytes, *, mode: int = 0o666, durable: bool = True) -> None:
    """Replace a file, or make it. Two that do so at once leave one of the two wholes. Raises `OSError`.

    What can be made again needs not be `durable`: waiting for the disk takes milliseconds.
    """
    # One of its own for each: two threads over one file would put it in its place before the other has filled it.
    fresh = f"{os.fspath(path)}.{os.getpid()}.{next(_numbers)}.tmp"
    try:
        _remove(fresh)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode), "wb") as file:
            file.write(data)
            if durable:
                _flush(file)
        os.replace(fresh, path)
    except BaseException:
        _remove(fresh)
        raise


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


PARTIAL = ".partial"


class Beside:
    """A file that grows piece by piece in `PATH.partial`, and takes its place when it is whole: `put_in_place`.

    The file beside is locked for as long: a second writer is refused, in this process or another. What a writer
    that crashed has left there is overwritten by the next one.
    """

    def __init__(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Raises `OSError`: `FileExistsError` for a file that stands there, unless `force` replaces it."""
        from pathlib import Path

        self.path = Path(os.path.realpath(path))  # a link is followed, not replaced
        self.beside = self.path.with_name(f"{self.path.name}{PARTIAL}")
        if not self.path.parent.is_dir():  # told of the file that was named, not of the one beside it
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
        self._mode = _mode_of(self.path, force=force)
        self._force = force
        self._file = _locked(self.beside)

    def write(self, data: bytes) -> None:
        """On the disk's way before it returns: a crash of this process loses nothing of it."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def put_in_place(self) -> None:
        with self._file:
            _flush(self._file)
            if self._mode is not None:
                os.chmod(self.beside, self._mode)
            if not self._force and self.path.exists():
                raise FileExistsError(errno.EEXIST, "was made by somebody else meanwhile", str(self.path))
            # Renamed while the lock is held: who gets it next finds that the name means another file.
            os.replace(self.beside, self.path)
        _flush_folder(self.path.parent)

    def leave(self) -> None:
        """Let it stay beside: what there is of it may be of use."""
        self._file.close()

    def discard(self) -> None:
        self.beside.unlink(missing_ok=True)
        self._file.close()


def _flush_folder(folder: Path) -> None:
    """The new name outlives a power cut, too."""
    if os.name == "nt":
        return  # a folder cannot be opened there
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _mode_of(path: Path, *, force: bool) -> int | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    if not force:
        raise FileExistsError(errno.EEXIST, "exists already", str(path))
    return stat.S_IMODE(status.st_mode)


def _locked(path: Path) -> FileIO:
    while True:
        # Without a buffer, which a full disk would keep from closing.
        file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o666), "r+")
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Between opening and locking its last owner may have renamed it: then it is no longer ours to empty.
            if _is_same(file, path):
                file.truncate()
                return file
        except BlockingIOError:
            file.close()
            raise OSError(errno.EWOULDBLOCK, "is being written by another", str(path)) from None
        except BaseException:
            file.close()
            raise
        file.close()


def _is_same(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _flush(file: IOBase) -> None:
    file.flush()
    os.fsync(file.fileno())


class Lock:
    """A file that one process holds until it lets go or dies; it says who that is."""

    def __init__(self, path: Path, who: str) -> None:
        """Raises `BlockingIOError`, of which the text is what the holder says."""
        self._file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o666), "r+")
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._file.read().decode("utf-8", "replace")
            self._file.close()
            raise BlockingIOError(errno.EWOULDBLOCK, holder) from None
        self._file.truncate()
        self._file.write(who.encode())

    def release(self) -> None:
        self._file.close()
