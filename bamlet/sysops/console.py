"""Where the lines of `print` go when the host does not say: standard error, so that results stand alone."""

from __future__ import annotations

import sys


def to_standard_error(line: str) -> None:
    sys.stderr.write(line + "\n")
