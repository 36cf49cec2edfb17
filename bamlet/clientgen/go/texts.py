"""Comments and literals of Go."""

from __future__ import annotations

import json


def comment(text: str | None, *, tab: bool = False) -> str:
    """The lines of a comment of the program, before what they tell of."""
    margin = "\t" if tab else ""
    return "".join(f"{margin}// {line.strip()}".rstrip() + "\n" for line in (text or "").strip().splitlines())


def literal(text: str) -> str:
    """JSON is Go, but for halves of pairs, which no name of a program has."""
    return json.dumps(text, ensure_ascii=False)
