"""`bamlet fmt`: lay `.baml` files out anew, or tell which of them are not laid out."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path

from ..diagnostics.render import render_all
from ..embed.files import MAX_FILE_BYTES, Read, find, read_open
from ..embed.store import cache_folder
from . import exits
from .terminal import palette

_STDIN = "-"
_NO_NEWLINE = "\n\\ No newline at end of file\n"


def main(arguments: argparse.Namespace) -> int:
    try:
        files = _files(arguments.paths or ["."])
        outcomes = Counter(_format_file(path, arguments) for path in files)
    except BrokenPipeError:
        raise  # no mistake of a file: whoever read the diff has enough of it
    except OSError as failure:
        print(f"bamlet fmt: {failure}", file=sys.stderr)
        return exits.USAGE
    writes = not (arguments.check or arguments.diff)
    print(_summary(outcomes, writes), file=sys.stderr)
    if outcomes["broken"]:
        return exits.BAD_SOURCE
    return exits.FAILED if outcomes["bug"] or (outcomes["changed"] and not writes) else exits.OK


def _files(paths: list[str]) -> list[Path | None]:
    """Each file once, in the order given; None is standard input."""
    found: dict[Path | None, None] = {}
    for path in paths:
        found |= dict.fromkeys([None] if path == _STDIN else find(path))
    return list(found)


def _format_file(path: Path | None, arguments: argparse.Namespace) -> str:
    """What became of it: `same`, `changed`, `broken` or `bug`. A broken file does not keep others from it."""
    from ..grammar.format import FormatError, FormatterBug, format_source

    with nullcontext(sys.stdin.buffer) if path is None else path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    read = read_open("<stdin>" if path is None else str(path), BytesIO(data))
    try:
        if read.problem is not None:
            raise FormatError((read.problem,))
        text = format_source(read.source.text, read.source.name, cache_folder())
    except FormatError as error:
        print(render_all(error.diagnostics, palette(sys.stderr)), file=sys.stderr)
        return "broken"
    except FormatterBug as bug:
        print(f"bamlet fmt: {bug}; it is left as it was. Please report this.", file=sys.stderr)
        return "bug"
    is_same = text.encode() == data
    if arguments.check or arguments.diff:
        if not is_same:
            _show_change(read, text, arguments)
    elif path is None:
        sys.stdout.buffer.write(text.encode())
    elif not is_same:
        _replace(path, text.encode())
    return "same" if is_same else "changed"


def _show_change(read: Read, text: str, arguments: argparse.Namespace) -> None:
    if arguments.diff:
        sys.stdout.writelines(_diff(read.source.name, read.source.text, text))
    else:
        print(read.source.name)


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    old, new = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (before, after))
    for line in difflib.unified_diff(old, new, name, f"{name} (formatted)"):
        yield line if line.endswith("\n") else line + _NO_NEWLINE


def _replace(path: Path, data: bytes) -> None:
    """Written beside and renamed: whoever reads the file sees the old text or the new one."""
    target = path.resolve()  # a link stays a link
    fresh = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        fresh.write_bytes(data)
        shutil.copymode(target, fresh)
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _summary(outcomes: Counter[str], writes: bool) -> str:
    changed = "laid out" if writes else "would change"
    parts = [
        (outcomes["changed"], changed),
        (outcomes["same"], "left as they are" if outcomes["same"] != 1 else "left as it is"),
        (outcomes["broken"] + outcomes["bug"], "not laid out"),
    ]
    shown = [f"{count} file{'s' if count != 1 else ''} {what}" for count, what in parts if count]
    return ", ".join(shown)
