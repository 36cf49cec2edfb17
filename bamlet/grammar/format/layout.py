"""Documents to text: a tree of words and possible line breaks goes in, lines of at most `WIDTH` columns come out.

A group is written on one line if it fits and otherwise breaks at all of its own `Line`s. Line breaks are not
written when they are met but remembered, so that a comment can still end the line before them, and so that no
line ends in blanks. Whatever the document looks like, a `//` comment is followed by a line break.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ...records import dataclass, field

WIDTH = 100
STEP = 2


@dataclass(frozen=True, slots=True)
class Comment:
    """`lines_before` counts line breaks up to what stands before it; `leads` if what follows is on its line."""

    text: str
    lines_before: int
    leads: bool

    @property
    def ends_line(self) -> bool:
        return self.text.startswith("//")

    @property
    def needs_lines(self) -> bool:
        """It cannot stand inside a line: it takes the rest of one, or had one of its own."""
        return self.ends_line or self.lines_before > 0


@dataclass(frozen=True, slots=True)
class Written:
    """Text from the source. The line breaks that stood before it tell whether to keep a blank line there."""

    text: str
    lines_before: int


@dataclass(frozen=True, slots=True)
class Line:
    """A break if its group breaks, else `flat`. After one with `blanks` a blank line of the source is kept."""

    flat: str = " "
    hard: bool = False
    blanks: bool = False
    empty: int = 0


@dataclass(frozen=True, slots=True)
class Indent:
    doc: Doc


@dataclass(frozen=True, slots=True)
class Group:
    doc: Doc
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Flat:
    """What stays on its line, however long that becomes."""

    doc: Doc


@dataclass(frozen=True, slots=True)
class Either:
    """One text if the group around it is broken, another if it is flat."""

    broken: str
    flat: str


Doc: TypeAlias = "str | Written | Comment | Line | Indent | Group | Flat | Either | Sequence[Doc]"

SPACE = " "
LINE = Line()
SOFT = Line(flat="")
NEXT = Line(blanks=True)  # between the elements of a bracketed list
HARD = Line(hard=True)
MEMBER = Line(hard=True, blanks=True)
NOTHING: Doc = ()

# An inline comment stands off from the text around it, except from these.
_NO_BLANK_AFTER = ("", " ", "(", "[", "<")
_NO_BLANK_BEFORE = (",", ";", ")", "]", ">", ":")


def render(doc: Doc, eol: str = "\n") -> str:
    page = Page(eol)
    page.write(doc)
    return page.text()


@dataclass(frozen=True, slots=True)
class _Command:
    indent: int
    flat: bool
    doc: Doc


@dataclass(slots=True)
class Page:
    eol: str = "\n"
    _out: list[str] = field(default_factory=list)
    _column: int = 0
    # What is remembered until the next text: line breaks and how deep the line begins, or a blank.
    _breaks: int = 0
    _indent: int = 0
    _keeps_blanks: bool = False
    _space: bool = False
    _after_comment: bool = False
    _line_is_over: bool = False  # it ends in a `//` comment

    def text(self) -> str:
        return "".join(self._out)

    def write(self, doc: Doc) -> None:
        todo = [_Command(0, False, doc)]
        while todo:
            command = todo.pop()
            match command.doc:
                case str(text):
                    self._text(text, 0)
                case Written(text, lines_before):
                    self._text(text, lines_before)
                case Comment() as comment:
                    self._comment(comment, command.indent)
                case Line() as line:
                    self._line(line, command)
                case Either(broken, flat):
                    self._text(flat if command.flat else broken, 0)
                case Indent(inner):
                    todo.append(_Command(command.indent + STEP, command.flat, inner))
                case Flat(inner):
                    todo.append(_Command(command.indent, True, inner))
                case Group(inner) as group:
                    is_flat = command.flat or self._fits(group, todo)
                    todo.append(_Command(command.indent, is_flat, inner))
                case parts:
                    todo.extend(_Command(command.indent, command.flat, part) for part in reversed(parts))

    # --- atoms

    def _text(self, text: str, lines_before: int) -> None:
        if not text:
            return
        if text == SPACE:
            self._space = True
            return
        if self._breaks:
            self._flush(lines_before)
        elif self._space or (self._after_comment and text not in _NO_BLANK_BEFORE):
            self._put(" ")
        self._put(text)
        self._space = self._after_comment = False

    def _comment(self, comment: Comment, indent: int) -> None:
        has_own_line = self._line_is_over or comment.lines_before > 0 or not self._out
        if has_own_line and self._out:
            self._break(1, self._indent if self._breaks else indent, self._keeps_blanks or not self._breaks)
        on_this_line = not has_own_line and not (comment.leads and self._breaks)
        if not on_this_line and self._breaks:
            self._flush(comment.lines_before)
        elif self._out and not self._out[-1].endswith(_NO_BLANK_AFTER[1:]):
            self._put(" ")
        self._put(comment.text)
        self._space = False
        self._after_comment = True
        if comment.ends_line or (has_own_line and not comment.leads):
            keeps_blanks = not on_this_line or (self._breaks > 0 and self._keeps_blanks)
            self._break(1, self._indent if self._breaks or not on_this_line else indent, keeps_blanks)
        self._line_is_over = comment.ends_line

    def _line(self, line: Line, command: _Command) -> None:
        if command.flat and not line.hard:
            self._space = self._space or line.flat == SPACE
        elif self._out:
            self._break(1 + line.empty, command.indent, line.blanks)

    # --- line breaks

    def _break(self, count: int, indent: int, keeps_blanks: bool) -> None:
        self._breaks = max(self._breaks, count)
        self._indent = indent
        self._keeps_blanks = keeps_blanks

    def _flush(self, lines_before: int) -> None:
        count = 2 if self._keeps_blanks and lines_before > 1 else self._breaks
        self._put(self.eol * count)
        self._put(" " * self._indent)
        self._column = self._indent
        self._breaks = 0
        self._space = self._after_comment = self._line_is_over = False

    def _put(self, text: str) -> None:
        if not text:
            return
        self._out.append(text)
        last = text.rfind("\n")
        self._column = self._column + len(text) if last < 0 else len(text) - last - 1

    # --- measuring

    def _fits(self, group: Group, rest: list[_Command]) -> bool:
        """Whether the group fits on the line together with what follows it up to the next possible break."""
        if group.broken:
            return False
        room = WIDTH - (self._indent if self._breaks else self._column + self._space)
        has_text = False
        for atom, inside in _atoms(group, rest):
            match atom:
                case Comment() as comment:
                    if not inside:
                        return True
                    if has_text and comment.needs_lines:
                        return False
                    room -= len(comment.text) + 1 if has_text else 0
                case Line(hard=hard):
                    if hard or not inside:
                        return not inside
                    room -= len(atom.flat)
                case Group():
                    return False
                case str(text) | Written(text):
                    has_text = has_text or text != SPACE
                    first, more, _ = text.partition("\n")
                    if more:
                        return len(first) <= room
                    room -= len(text)
            if room < 0:
                return False
        return True


def _atoms(group: Group, rest: list[_Command]) -> Iterator[tuple[str | Written | Comment | Line | Group, bool]]:
    """The words and flat lines of the group, and then those after it. An inner group that must break is itself
    an atom; a line after the group that may break is one even if it would not."""
    todo: list[tuple[Doc, bool, bool]] = [(group.doc, True, True)]
    at = len(rest)
    while todo or at:
        if not todo:
            at -= 1
            todo.append((rest[at].doc, rest[at].flat, False))
        doc, flat, inside = todo.pop()
        match doc:
            case str() | Written() | Comment():
                yield doc, inside
            case Line(hard=hard):
                if flat and not hard and not inside:
                    yield doc.flat, inside
                else:
                    yield doc, inside
            case Either(broken, if_flat):
                yield (if_flat if flat else broken), inside
            case Indent(inner):
                todo.append((inner, flat, inside))
            case Flat(inner):
                todo.append((inner, True, inside))
            case Group(inner, broken):
                if broken and inside:
                    yield doc, inside
                todo.append((inner, flat, inside))
            case parts:
                todo.extend((part, flat, inside) for part in reversed(parts))
