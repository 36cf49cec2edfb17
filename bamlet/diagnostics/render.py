"""A diagnostic as text for a person: headline, place, code frame with carets, other places, one hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..records import dataclass
from ..source import Span
from .cells import cells, first_cells, last_cells, visible
from .diagnostic import Diagnostic

_WIDEST = 160  # cells of a source line that are shown; a minified line must not fill the screen
_AHEAD = 40  # of those, kept for what is marked and what follows, however far to the right that is


@dataclass(frozen=True, slots=True)
class Palette:
    """Escape sequences around the parts of a message; empty strings mean plain text."""

    error: str = ""
    warning: str = ""
    frame: str = ""
    bold: str = ""
    reset: str = ""

    def severity(self, diagnostic: Diagnostic) -> str:
        return self.error if diagnostic.severity == "error" else self.warning


PLAIN = Palette()
COLOURED = Palette("\x1b[1;31m", "\x1b[1;33m", "\x1b[34m", "\x1b[1m", "\x1b[0m")


@dataclass(frozen=True, slots=True)
class _Row:
    """A source line and what is marked in it: `shown`, and the marks with the blanks before them."""

    line: int
    shown: str
    lead: str
    marks: str


def render(diagnostic: Diagnostic, palette: Palette = PLAIN) -> str:
    paint = palette.severity(diagnostic)
    code = diagnostic.code
    message = visible(diagnostic.message)
    lines = [
        f"{paint}{code.severity}[{code.slug}]{palette.reset}{palette.bold}: {message}{palette.reset}",
        *_frame(diagnostic.span, "^", "", paint, palette),
    ]
    for note in diagnostic.notes:
        lines += _frame(note.span, "-", visible(note.text), palette.frame, palette)
    if diagnostic.hint:
        lines.append(f"{palette.bold}hint:{palette.reset} {visible(diagnostic.hint)}")
    return "\n".join(lines)


def render_all(diagnostics: Iterable[Diagnostic], palette: Palette = PLAIN) -> str:
    """Every message, an empty line between them, and a line that counts them."""
    drawn = list(diagnostics)
    texts = [render(diagnostic, palette) for diagnostic in drawn]
    return "\n\n".join([*texts, summary(drawn)])


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    counts = {"error": 0, "warning": 0}
    for diagnostic in diagnostics:
        counts[diagnostic.severity] += 1
    parts = [f"{n} {word}{'s' if n != 1 else ''}" for word, n in counts.items() if n]
    return "found " + (" and ".join(parts) or "nothing wrong")


def _frame(span: Span, mark: str, label: str, paint: str, palette: Palette) -> Iterator[str]:
    rows = list(_rows(span, mark))
    width = len(str(rows[-1].line))
    gutter = " " * width
    bar = f"{palette.frame}|{palette.reset}"
    yield f"{gutter}{palette.frame}-->{palette.reset} {span}"
    yield f"{gutter} {bar}"
    before = rows[0].line
    for row in rows:
        if row.line > before + 1:
            yield f"{palette.frame}...{palette.reset}"
        yield f"{palette.frame}{row.line:>{width}}{palette.reset} {bar} {row.shown}".rstrip()
        told = f" {label}" if label and row is rows[-1] else ""
        yield f"{gutter} {bar} {row.lead}{paint}{row.marks}{palette.reset}{told}"
        before = row.line


def _rows(span: Span, mark: str) -> Iterator[_Row]:
    """The first line of a span and, if it goes on, its last: what lies between says nothing about either."""
    file = span.file
    first, column = file.line_and_column(span.start)
    end = span.start + max(1, len(span.text.rstrip()))
    last, end_column = file.line_and_column(end - 1)
    text = file.line_text(first)
    if first == last:
        yield _row(first, text, column - 1, end_column, mark)
        return
    yield _row(first, text, column - 1, len(text), mark)
    text = file.line_text(last)
    yield _row(last, text, len(text) - len(text.lstrip()), end_column, mark)


def _row(line: int, text: str, start: int, end: int, mark: str) -> _Row:
    # Only what can be seen is looked at: a line may hold megabytes.
    before = visible(text[max(0, start - _WIDEST - 1) : start])
    marked = visible(text[start : min(end, start + _WIDEST + 1)])
    after = visible(text[end : end + _WIDEST + 1])
    before = last_cells(before, _WIDEST - min(cells(marked + after), _AHEAD))
    marked = first_cells(marked, _WIDEST - cells(before))
    room = _WIDEST - cells(before) - cells(marked)
    after = first_cells(after, room) if room else ""
    return _Row(line, before + marked + after, " " * cells(before), mark * max(1, cells(marked)))
