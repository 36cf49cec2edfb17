"""Comments and literals of Rust."""

from __future__ import annotations

import json
import re

_ESCAPE = re.compile(r"\\u([0-9a-f]{4})|\\([bf])")


def comment(text: str | None, indent: int = 0) -> str:
    """The lines of a comment of the program, before what they tell of."""
    margin = " " * indent
    return "".join(f"{margin}/// {line.strip()}".rstrip() + "\n" for line in (text or "").strip().splitlines())


def literal(text: str) -> str:
    """JSON is Rust, but for how it writes control characters."""
    return _ESCAPE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else ord({"b": "\b", "f": "\f"}[found[2]])
    return f"\\u{{{code:x}}}"
