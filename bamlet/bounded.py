"""Files read up to a number of bytes, whoever names them: a device has no size, and perhaps no end."""

from __future__ import annotations

import errno
import os

MAX_READ_BYTES = 256 << 20


def bytes_of(path: str | os.PathLike[str]) -> bytes:
    """Raises `OSError`, also for a file that is too long."""
    with open(path, "rb") as opened:
        data = opened.read(MAX_READ_BYTES + 1)
    if len(data) > MAX_READ_BYTES:
        raise OSError(errno.EFBIG, f"more than {MAX_READ_BYTES >> 20} MiB", os.fspath(path))
    return data
