"""A parser of answers, made for a type of a program: it makes the program's values and asks its constraints."""

from __future__ import annotations

from ..interpreter.runtime.space import ValueSpace
from ..sap import EXACT, USUAL, PartialParser
from ..types.schema import Schemas
from ..types.ty import Ty
from .template_values import holds


def make_parser(
    output: Ty, schemas: Schemas, space: ValueSpace, *, skeleton: bool = False, exact: bool = False
) -> PartialParser:
    """`exact` for a text that is JSON if its model keeps to the schema that it was given."""
    return PartialParser(
        output,
        schemas,
        space,
        holds=lambda expression, value: holds(expression, value, schemas),
        skeleton=skeleton,
        policy=EXACT if exact else USUAL,
    )
