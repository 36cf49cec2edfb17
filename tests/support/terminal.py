"""A terminal for a child process, and what stands on its screen: as much of it as drawing in place needs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_PIECES = re.compile(r"\x1b\[(\d*)([A-Za-z])|\r\n|\n|\r|[^\x1b\r\n]+")


@dataclass
class Screen:
    """`widest` and `tallest` are the most cells in a line and lines in use that there ever were."""

    columns: int
    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    widest: int = 0
    tallest: int = 0
    frames: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        for piece in _PIECES.finditer(text):
            self._apply(piece)
            self.tallest = max(self.tallest, len(self.lines))

    def _apply(self, piece: re.Match[str]) -> None:
        count, command = piece[1], piece[2]
        if command == "F":
            self.frames.append("\n".join(self.lines).rstrip())
            self.row = max(0, self.row - int(count or 1))
        elif command == "J":
            del self.lines[self.row :]
            self.lines.append("")
        elif command is None and "\n" in piece[0]:
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif command is None and piece[0] != "\r":
            self.lines[self.row] += piece[0]
            self.widest = max(self.widest, len(self.lines[self.row]))

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


def run_in_terminal(
    command: Sequence[str],
    columns: int,
    lines: int,
    environ: Mapping[str, str],
    cwd: str,
    *,
    interrupt_at: str | None = None,
) -> tuple[int, str, Screen, str]:
    """Exit code, standard output (a pipe), the screen that standard error was, and all that was written to it.

    Ctrl-C is pressed when the text `interrupt_at` stands in what was written.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, env=dict(environ), cwd=cwd
    )
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # the other side is closed
        while data := os.read(ours, 65536):
            written += data
            if interrupt_at is not None and interrupt_at in written.decode(errors="replace"):
                process.send_signal(signal.SIGINT)
                interrupt_at = None
    os.close(ours)
    assert process.stdout is not None
    with process.stdout:
        out = process.stdout.read().decode()
    code = process.wait(20)
    screen = Screen(columns)
    screen.write(written.decode())
    return code, out, screen, written.decode()
