"""Where the lines of `print` and of logs go: standard error, so that results stand alone."""

from __future__ import annotations

import sys


def is_terminal() -> bool:
    """Whether a person reads standard error, and colours are for somebody."""
    return sys.stderr.isatty()


def to_standard_error(line: str) -> None:
    sys.stderr.write(line + "\n")


def log_to_standard_error(level: str, text: str) -> None:
    to_standard_error(f"{level}: {text}")
