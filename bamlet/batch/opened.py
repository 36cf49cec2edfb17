"""An input as far as it went when the run began.

Who writes to it while it is read adds rows for the next run: none of them may take the place of a row that was
there.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

BUFFER_BYTES = 1 << 17
PROBE_BYTES = 1 << 14
PROBES = 16


class _Part(io.RawIOBase):
    def __init__(self, file: io.FileIO, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self._file.readinto(buffer[: self._left]) or 0
        self._left -= found
        return found

    def close(self) -> None:
        self._file.close()
        super().close()


def opened(path: Path, size: int) -> io.BufferedReader:
    """The first `size` bytes."""
    return io.BufferedReader(_Part(io.FileIO(path), size), BUFFER_BYTES)


def probed(path: str | Path, size: int) -> bytes:
    """A digest of pieces all over the first `size` bytes, the first and the last among them: one that other bytes
    hardly have, of a file that is too large to be read for each look."""
    found = hashlib.blake2b()
    with io.FileIO(path) as file:
        last = max(0, size - PROBE_BYTES)
        for number in range(PROBES):
            file.seek(last * number // (PROBES - 1))
            found.update(file.read(min(PROBE_BYTES, size)))
            if not last:
                break
    return found.digest()
