"""Text to the same text, laid out: every comment, every string as written, lines of one width.

Where the language takes two spellings, the formatter writes the one that every BAML compiler reads: no commas
and colons in declarations and configuration, `;` after statements, `name: type` for parameters.
"""

from __future__ import annotations

import functools

from ...deep import with_room
from ...diagnostics import CompileError, catalogue
from ...source import SourceFile, Span
from ..parse import Parser
from ..tables import Tables
from . import expressions as expressions  # fills the table of printers, as do the next two
from . import items as items
from . import statements as statements
from .concrete import ConcreteFile, Tree, read, tables
from .layout import Line, Page, Written, render
from .pieces import doc

__all__ = ["FormatError", "FormatterBug", "format_source"]


class FormatError(CompileError):
    """An item does not parse. The file is left as it is."""


class FormatterBug(Exception):
    """The output would mean something else, or lacks a comment. It is not shown to anybody; please report it."""


def format_source(text: str, name: str = "text.baml", cache: str | None = None) -> str:
    """The text, laid out. Raises `FormatError` with all diagnostics if an item does not parse.

    `cache` is a folder for the parser's tables; without one they are made anew.
    """
    source = text.removeprefix("\ufeff")
    try:
        return with_room(lambda: _format(source, name, cache))
    except RecursionError:
        message = "this is nested too deep to be laid out"
        raise FormatError((catalogue.NESTING_LIMIT.at(Span(SourceFile(name, source), 0, 0), message),)) from None


def _format(source: str, name: str, cache: str | None) -> str:
    before = read(source, _tables(cache))
    if before is None:
        raise FormatError(Parser(cache).parse(SourceFile(name, source)).diagnostics)
    blanks = before.blanks(source)
    written = _lay_out(before, "\r\n" if blanks.count("\r\n") * 2 > blanks.count("\n") else "\n")
    after = read(written, _tables(cache))
    if after is None or _holds(before) != _holds(after):
        raise FormatterBug(f"{name}: the formatted text does not say what the file says")
    return written


def _holds(file: ConcreteFile) -> tuple[object, ...]:
    """What formatting may not change: the meaning of every item, and the comments in their order."""
    return file.meaning, file.comments()


@functools.cache
def _tables(cache: str | None) -> Tables[Tree]:
    return tables(cache)


def _lay_out(file: ConcreteFile, eol: str) -> str:
    """Items of several lines stand apart; a run of one-line items stays together."""
    page = Page(eol)
    above = False  # whether the item before takes several lines
    for number, item in enumerate(file.items):
        text = render(doc(item.tree), eol)
        several = "\n" in text
        if number:
            page.write(Line(hard=True, blanks=True, empty=int(above or several)))
        page.write((item.comments, Written(text, item.lines_before)))
        above = several
    page.write((file.end, Line(hard=True)))
    return page.text() + (eol if page.text() else "")
