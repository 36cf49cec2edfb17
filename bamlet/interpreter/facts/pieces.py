"""The code of a program in pieces, one for each function and constant: one can be made anew without the others.

What many of them need is in no piece: functions as values, tests of types, tables of methods. A piece says what it
wants of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import CodeType
from typing import TypeAlias

from ...records import dataclass, field, replace
from ...types.ty import Ty

# A local variable, or a field or an element of what another way leads to.
Way: TypeAlias = "str | tuple[str, Way, str | int]"
# Of a subscript in emitted code: lines and columns from where to where.
Range: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Wants:
    """Types that are tested by a function of their own, by its name; functions that are used as values, interfaces
    that are tested, methods of interfaces that are called."""

    tested: Mapping[str, Ty] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    implementors: frozenset[str] = frozenset()
    dispatched: frozenset[str] = frozenset()


NOTHING = Wants()


@dataclass(frozen=True, slots=True)
class Piece:
    """What defines one function or constant. `place` is where its item begins: the line, and how many bytes of it
    stand before. The lines of `subscripts` count from there; see `runtime.subscripts`."""

    file: str
    place: tuple[int, int]
    code: CodeType
    wants: Wants = NOTHING
    subscripts: Mapping[Range, tuple[Way, str | int]] = field(default_factory=dict)

    def at(self, line: int) -> Piece:
        """The same where its item begins at another line."""
        further = line - self.place[0]
        return replace(self, place=(line, self.place[1]), code=moved(self.code, further)) if further else self


def moved(code: CodeType, further: int) -> CodeType:
    """The code as if it stood some lines further down: its table of lines counts from its first one."""
    constants = tuple(moved(one, further) if isinstance(one, CodeType) else one for one in code.co_consts)
    return code.replace(co_firstlineno=code.co_firstlineno + further, co_consts=constants)


@dataclass(frozen=True, slots=True)
class Code:
    """`pieces` are by the names of functions, and of constants as `let NAME`."""

    classes: CodeType
    pieces: Mapping[str, Piece]
    shared: CodeType

    @property
    def in_order(self) -> tuple[CodeType, ...]:
        """As it is to be run."""
        return (self.classes, *(piece.code for piece in self.pieces.values()), self.shared)

    def subscripts(self) -> dict[tuple[str, int, int, int, int], tuple[Way, str | int]]:
        """Those of all pieces, by file, lines and columns."""
        return {
            (piece.file, start + piece.place[0], end + piece.place[0], column, end_column): told
            for piece in self.pieces.values()
            for (start, end, column, end_column), told in piece.subscripts.items()
        }
