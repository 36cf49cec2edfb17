"""Which edition a project is written in, told by what is said of it or by what it holds; and its namespaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from ...diagnostics import Diagnostic, Note, catalogue
from ...grammar import Parsed
from ...grammar.marks import mark_of, pinned_edition
from ...patterns import pattern
from ...records import dataclass
from ...source import SourceFile, Span
from ..facts.edition import Edition
from ..facts.interface import RESERVED_NAMESPACES

ROOT = "baml_src"
_FOLDER = pattern(r"ns_([A-Za-z_][A-Za-z0-9_]*)")
_ALMOST = pattern(r"ns_(?![A-Za-z_][A-Za-z0-9_]*$)")


@dataclass(frozen=True, slots=True)
class Choice:
    """`why` is what decided, for a person: `the comment at a.baml:1`; `by_mark`: nobody said it but the syntax."""

    edition: Edition
    why: str
    diagnostics: tuple[Diagnostic, ...] = ()
    by_mark: bool = False


def edition_of(files: Sequence[Parsed], settled: Edition | None = None, assumed: Edition | None = None) -> Choice:
    """`settled` is what the host demands, `assumed` what the project's settings say; comments come between."""
    if settled is not None:
        return Choice(settled, "it was asked for")
    pins = list(_pins(files))
    if pins:
        first, edition = pins[0]
        others = tuple(_conflict(first, span) for span, other in pins[1:] if other != edition)
        return Choice(edition, f"the comment at {_place(first)}", others)
    if assumed is not None:
        return Choice(assumed, "the project's settings")
    for parsed in files:
        for placed in parsed.items:
            if mark := mark_of(placed.node):
                return Choice(2, f"{mark[1]} at {_place(placed.span(mark[0]))}", by_mark=True)
    return Choice(1, "nothing in it is of the second")


def _pins(files: Sequence[Parsed]) -> Iterator[tuple[Span, Edition]]:
    for parsed in files:
        found = pinned_edition(parsed.file.text)
        if found is not None and found[1] in ("1", "2"):
            yield Span(parsed.file, *found.span()), 1 if found[1] == "1" else 2


def _conflict(first: Span, other: Span) -> Diagnostic:
    message = "the files of a project are all of one edition, and another file names another"
    note = Note(first, "named here first")
    return catalogue.EDITION_CONFLICT.at(other, message, note, hint="take one of the two comments away")


def _place(span: Span) -> str:
    return f"{span.file.name}:{span.file.line_and_column(span.start)[0]}"


def namespaces_of(files: Sequence[Parsed]) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """The namespace of each file below a folder `ns_…`, by the file's name."""
    spaces: dict[str, str] = {}
    wrong: list[Diagnostic] = []
    for parsed in files:
        words = list(_words(parsed.file))
        if words:
            spaces[parsed.file.name] = ".".join(words)
        odd = next((folder for folder in _folders(parsed.file) if _ALMOST.match(folder)), None)
        if odd is not None:
            message = f"`{odd}` is no namespace: `{odd[3:]}` is no name"
            span = Span(parsed.file, 0, 0)
            wrong.append(catalogue.SURPRISING_READING.at(span, message, hint="begin with a letter behind `ns_`"))
        if taken := [word for word in words if word in RESERVED_NAMESPACES]:
            message = f"`{taken[0]}` is a name of the language itself, and no namespace"
            span = Span(parsed.file, 0, 0)
            wrong.append(catalogue.RESERVED_NAMESPACE.at(span, message, hint=f"rename the folder `ns_{taken[0]}`"))
    return spaces, tuple(wrong)


def _words(file: SourceFile) -> Iterator[str]:
    return (found[1] for folder in _folders(file) if (found := _FOLDER.fullmatch(folder)))


def _folders(file: SourceFile) -> list[str]:
    folders = list(PurePath(file.name).parts[:-1])
    if ROOT in folders:  # what is above the sources belongs to somebody else
        folders = folders[len(folders) - folders[::-1].index(ROOT) :]
    return folders
