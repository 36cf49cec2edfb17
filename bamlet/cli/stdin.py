"""A program that comes on standard input, where a command line says `-`."""

from __future__ import annotations

import sys

from .. import embed
from ..diagnostics import Diagnostic
from ..embed.files import Read, read_open
from ..embed.project import Edition

STDIN = "-"
MAX_LINE = 16 << 20  # characters


def read_stdin() -> Read:
    """Raises `OSError`."""
    if sys.stdin is None:
        raise OSError("standard input is closed, and `-` reads it")
    return read_open("<stdin>", sys.stdin.buffer)


def read_line(prompt: str) -> str | None:
    """A line that a program asks for, without its end; None behind the last. The prompt is no part of a result."""
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline(MAX_LINE + 1) if sys.stdin is not None else ""
    if len(line) > MAX_LINE:
        raise EOFError(f"a line of input has more than {MAX_LINE >> 20} MiB")
    return line.rstrip("\r\n") if line else None


def strict_line(prompt: str) -> str:
    line = read_line(prompt)
    if line is None:
        raise EOFError
    return line


def compiled(path: str, edition: Edition | None) -> tuple[embed.Program | None, tuple[Diagnostic, ...]]:
    """The program of a file or a folder, or of standard input, with what is wrong. Raises `OSError`."""
    if path != STDIN:
        return embed.check_path(path, edition=edition)
    read = read_stdin()
    if read.problem is not None:
        return None, (read.problem,)
    return embed.check_sources({read.source.name: read.source.text}, edition=edition)
