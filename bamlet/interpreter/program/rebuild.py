"""A unit and some of its functions written anew: the unit that compiling all of it would give.

Only the code of these is made. That will do where nothing has changed that others are made from: heads, what is
thrown, what suspends. What stands behind an edit in its file is the same code at other lines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from ...grammar import Parsed
from ...records import dataclass, replace
from ...source import SourceFile, Span
from ..emit.definitions import pieces_of, shared, unit_of
from ..emit.state import place_of_item
from ..facts.code_names import arguments_name
from ..facts.interface import TestInfo
from ..facts.pieces import Code, Piece
from ..facts.report import Report
from ..facts.symbols import Names, without_node
from .still_clean import Anew, Clean, looked_at_anew
from .unit import Unit


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the items of a file begin: their offsets, and the line and the bytes before what each has first."""

    starts: tuple[int, ...]
    places: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, source: SourceFile, starts: Sequence[int]) -> Layout:
        return cls(tuple(starts), tuple(place_of_item(source, start) for start in starts))


@dataclass(frozen=True, slots=True)
class Edited:
    """A file that has changed: as it is now, and where its items were and are."""

    source: SourceFile
    before: Layout
    now: Layout

    def line(self, place: tuple[int, int]) -> int | None:
        """The line to which an item has come; None if it stands otherwise in it."""
        line, column = self.now.places[self.before.places.index(place)]
        return line if column == place[1] else None

    def span(self, span: Span) -> Span:
        at = bisect_right(self.before.starts, span.start) - 1
        further = self.now.starts[at] - self.before.starts[at]
        return Span(self.source, span.start + further, span.end + further)


def rebuilt(
    unit: Unit, kept: Clean, changed: Sequence[Parsed], edited: Mapping[str, Edited], library: Unit
) -> Unit | None:
    """None where all of it must be compiled."""
    if any(body.span.file.name in edited for body in unit.names.bodies):
        return None  # code of these tells where in the file they are
    anew = looked_at_anew(kept, changed, library)
    if anew is None or any(arguments_name(name) in unit.names.functions for name in anew.own.functions):
        return None  # values that are left out are no part of a head
    if anew.effects != kept.effects:
        return None
    report = Report()
    made = pieces_of(anew.own, unit_of(anew.view, anew.effects), anew.checked, report)
    pieces: dict[str, Piece] = {}
    for name, piece in unit.code.pieces.items():
        found = made.get(name) or _moved(piece, edited)
        if found is None:
            return None
        pieces[name] = found
    if report.diagnostics or made.keys() - pieces.keys():
        return None
    common = unit.code.shared
    if any(piece.wants != unit.code.pieces[name].wants for name, piece in made.items()):
        common = shared(unit_of(anew.view, anew.effects), pieces.values())
    names = _names(unit.names, anew, edited)
    return Unit(names, unit.effects, Code(unit.code.classes, pieces, common), unit.edition)


def _moved(piece: Piece, edited: Mapping[str, Edited]) -> Piece | None:
    if piece.file not in edited:
        return piece
    line = edited[piece.file].line(piece.place)
    return None if line is None else piece.at(line)


def _names(before: Names, anew: Anew, edited: Mapping[str, Edited]) -> Names:
    """Types that are made of text may be more than the program makes now: nobody asks for those."""
    names = before.copied()
    names.decoded = dict(anew.decoded)
    for name, symbol in anew.own.functions.items():
        names.functions[name] = without_node(symbol)
    names.tests = [_test(test, edited.get(test.span.file.name)) for test in before.tests]
    names.generators = [
        replace(each, span=edited[each.span.file.name].span(each.span)) if each.span.file.name in edited else each
        for each in before.generators
    ]
    return names


def _test(test: TestInfo, edited: Edited | None) -> TestInfo:
    if edited is None:
        return test
    constraints = tuple(replace(one, span=edited.span(one.span)) for one in test.constraints)
    return replace(test, constraints=constraints, span=edited.span(test.span), block=edited.span(test.block))
