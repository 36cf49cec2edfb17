"""`.env` files: names and values for a program, below what the environment itself says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..patterns import pattern
from .files import text_of

_LINE = pattern(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(?P<rest>.*)")
_DOUBLE = pattern(r'"((?:[^"\\]|\\.)*)"')
_SINGLE = pattern(r"'([^']*)'")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_env_file(path: str | os.PathLike[str]) -> dict[str, str]:
    """`NAME=value` in each line, with or without quotes and `export`; `#` begins a comment. Raises `OSError`, and
    `ValueError` for a line that is none of these.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text_of(Path(path)).removeprefix("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{os.fspath(path)}:{number}: this is not NAME=value")
        found[match["name"]] = _value(match["rest"].strip())
    return found


def _value(text: str) -> str:
    if quoted := _DOUBLE.match(text):
        return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), quoted[1])
    if quoted := _SINGLE.match(text):
        return quoted[1]
    # Behind a blank, so that a key with a `#` in it stays whole.
    return re.split(r"\s#", text, maxsplit=1)[0].strip()


def environment_with(files: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The process's environment, with what files say below it; of several files the last wins."""
    merged: dict[str, str] = {}
    for file in files:
        merged |= file
    return {**merged, **os.environ}
