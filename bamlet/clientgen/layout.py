"""Python text as a formatter would lay it out, at 120 columns: calls, signatures, strings, docstrings, imports."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 120


def text(value: str) -> str:
    """A string literal. Letters of all scripts stay as they are."""
    quote = "'" if value.count('"') > value.count("'") else '"'
    return quote + "".join(_character(character, quote) for character in value) + quote


def _character(character: str, quote: str) -> str:
    if character in ("\\", quote):
        return f"\\{character}"
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def call(head: str, arguments: Sequence[str], tail: str = "", indent: int = 0) -> str:
    """`head(arguments)tail` on one line if it fits, or with the arguments on a line or on lines of their own."""
    margin = " " * indent
    flat = f"{margin}{head}({', '.join(arguments)}){tail}"
    if len(flat) <= WIDTH:
        return flat
    inner = " " * (indent + 4)
    joined = f"{inner}{', '.join(arguments)}"
    if len(joined) <= WIDTH:
        return f"{margin}{head}(\n{joined}\n{margin}){tail}"
    lines = "".join(f"{inner}{argument},\n" for argument in arguments)
    return f"{margin}{head}(\n{lines}{margin}){tail}"


def kept(line: str) -> str:
    """A line that a formatter would break where we do not."""
    return line if len(line) <= WIDTH else f"{line}  # fmt: skip"


def docstring(doc: str, indent: int) -> str:
    """The lines of a comment as a docstring."""
    margin = " " * indent
    lines = [line.rstrip() for line in textwrap.dedent(doc.expandtabs()).strip().splitlines()]
    lines = [_in_docstring(line) for line in lines]
    if lines[-1].endswith('"') and not lines[-1].endswith('\\"'):
        lines[-1] += " "
    if lines[0].startswith('"'):
        lines[0] = f" {lines[0]}"
    body = f"\n{margin}".join(lines) if len(lines) > 1 else lines[0]
    body = "\n".join(line.rstrip() for line in body.split("\n")[:-1]) + ("\n" if len(lines) > 1 else "")
    last = f"{margin}{lines[-1]}" if len(lines) > 1 else lines[-1]
    end = f"\n{margin}" if len(lines) > 1 else ""
    return f'{margin}"""{body}{last}{end}"""'


def _in_docstring(line: str) -> str:
    escaped = line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in escaped)


def words(names: Iterable[str], indent: int, before: int = 0) -> str:
    """Names as one string of words, or a piece of it in each line. `before` is what stands in the first line."""
    margin = " " * indent
    flat = text(" ".join(names := list(names)))
    if indent + before + len(flat) < WIDTH:
        return flat
    lines = textwrap.wrap(" ".join(names), WIDTH - indent - 8, break_long_words=False, break_on_hyphens=False)
    pieces = [f"{line} " for line in lines[:-1]] + [lines[-1]]
    return "(\n" + "".join(f"{margin}    {text(piece)}\n" for piece in pieces) + f"{margin})"


def imports(module: str, names: Iterable[str], indent: int = 0) -> str:
    """`from module import names`, sorted as ruff sorts them."""
    margin = " " * indent
    ordered = sorted(names, key=_import_order)
    flat = f"{margin}from {module} import {', '.join(ordered)}"
    if len(flat) <= WIDTH:
        return flat
    return (
        f"{margin}from {module} import (\n" + "".join(f"{margin}    {name},\n" for name in ordered) + f"{margin})"
    )


def _import_order(name: str) -> tuple[int, list[tuple[int, str]], str]:
    """Constants, then classes, then the rest; `Part2` before `Part10`."""
    kind = 0 if len(name) > 1 and name.isupper() else 1 if name[0].isupper() else 2
    pieces = re.findall(r"\d+|\D+", name.lower())
    return kind, [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces], name
