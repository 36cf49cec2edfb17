"""`bamlet explain`: the page of a diagnostic, or the list of all of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..diagnostics import did_you_mean
from ..diagnostics.catalogue import CODES
from . import exits

_PACKAGE = Path(__file__).parents[1]
# A wheel carries the pages; a checkout has them where people read them.
_PAGES = (_PACKAGE / "diagnostics" / "pages", _PACKAGE.parent / "docs" / "errors")


def main(arguments: argparse.Namespace) -> int:
    if arguments.code is None:
        print(_list())
        return exits.OK
    slug = _slug(arguments.code)
    if slug is None:
        hint = did_you_mean(arguments.code, CODES) or "`bamlet explain` lists all of them"
        print(f"bamlet explain: no diagnostic is called `{arguments.code}`; {hint}", file=sys.stderr)
        return exits.USAGE
    print(_page(slug), end="")
    return exits.OK


def _slug(wanted: str) -> str | None:
    """By slug or number, in whatever case."""
    slugs = {code.number.lower(): slug for slug, code in CODES.items()} | {slug: slug for slug in CODES}
    return slugs.get(wanted.lower())


def _list() -> str:
    codes = sorted(CODES.values(), key=lambda code: code.number)
    width = max(len(code.slug) for code in codes)
    return "\n".join(f"{code.number}  {code.severity:7}  {code.slug:{width}}  {code.title}" for code in codes)


def _page(slug: str) -> str:
    pages = next(folder for folder in _PAGES if folder.is_dir())
    return (pages / f"{slug}.md").read_text("utf-8")
