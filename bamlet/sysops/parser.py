"""A parser of answers, made for a type of a program: it makes the program's values and asks its constraints."""

from __future__ import annotations

from ..interpreter.runtime.space import ValueSpace
from ..sap import EXACT, USUAL, Holds, PartialParser
from ..types.schema import Schemas
from ..types.ty import Ty
from .template_values import holds


class ParserOf:
    """`make_parser` with what it is told, to be called more than once."""

    __slots__ = ("_exact", "_output", "_schemas", "_skeleton", "_space")

    def __init__(
        self, output: Ty, schemas: Schemas, space: ValueSpace, *, skeleton: bool = False, exact: bool = False
    ) -> None:
        self._output, self._schemas, self._space = output, schemas, space
        self._skeleton, self._exact = skeleton, exact

    def __call__(self) -> PartialParser:
        return make_parser(self._output, self._schemas, self._space, skeleton=self._skeleton, exact=self._exact)


def make_parser(
    output: Ty, schemas: Schemas, space: ValueSpace, *, skeleton: bool = False, exact: bool = False
) -> PartialParser:
    """`exact` for a text that is JSON if its model keeps to the schema that it was given."""
    return PartialParser(
        output,
        schemas,
        space,
        holds=_holds_of(schemas),
        skeleton=skeleton,
        policy=EXACT if exact else USUAL,
    )


def _holds_of(schemas: Schemas) -> Holds:
    """One for all parsers of a program."""
    known: Holds | None = schemas.derived.get(_holds_of)
    if known is None:
        known = schemas.derived[_holds_of] = lambda expression, value: holds(expression, value, schemas)
    return known
