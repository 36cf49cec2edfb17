"""A diagnostic as text for a person: headline, place, code frame with carets, other places, one hint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..source import Span
from .diagnostic import Diagnostic

_WIDEST = 160  # characters of a source line that are shown; a minified line must not fill the screen


@dataclass(frozen=True, slots=True)
class Palette:
    """Escape sequences around the parts of a message; empty strings mean plain text."""

    error: str = ""
    warning: str = ""
    frame: str = ""
    bold: str = ""
    reset: str = ""


PLAIN = Palette()
COLOURED = Palette("\x1b[1;31m", "\x1b[1;33m", "\x1b[34m", "\x1b[1m", "\x1b[0m")


def render(diagnostic: Diagnostic, palette: Palette = PLAIN) -> str:
    paint = palette.error if diagnostic.severity == "error" else palette.warning
    code = diagnostic.code
    lines = [
        f"{paint}{code.severity}[{code.slug}]{palette.reset}{palette.bold}: {diagnostic.message}{palette.reset}",
        *_frame(diagnostic.span, "^", "", paint, palette),
    ]
    for note in diagnostic.notes:
        lines += _frame(note.span, "-", note.text, palette.frame, palette)
    if diagnostic.hint:
        lines.append(f"{palette.bold}hint:{palette.reset} {diagnostic.hint}")
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


def _frame(span: Span, mark: str, label: str, paint: str, palette: Palette) -> list[str]:
    line, column = span.file.line_and_column(span.start)
    text = span.file.line_text(line)
    width = max(1, min(span.end - span.start, len(text) - column + 1))
    shift = max(0, column - 1 + min(width, 40) - _WIDEST)
    shown = text[shift : shift + _WIDEST]
    # Tabs stay tabs in the line of carets, so both lines move by the same amount.
    lead = "".join("\t" if char == "\t" else " " for char in text[shift : column - 1])
    marks = mark * max(1, min(width, _WIDEST - len(lead)))
    gutter = " " * len(str(line))
    bar = f"{palette.frame}|{palette.reset}"
    return [
        f"{gutter}{palette.frame}-->{palette.reset} {span.file.name}:{line}:{column}",
        f"{gutter} {bar}",
        f"{palette.frame}{line}{palette.reset} {bar} {shown}",
        f"{gutter} {bar} {lead}{paint}{marks}{palette.reset}{' ' + label if label else ''}",
    ]
