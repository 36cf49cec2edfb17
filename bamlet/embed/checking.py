"""A value and its `@check`s in, how each went out: for values that no answer gave."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..sap.constraints import Check, evaluate
from ..sysops.template_values import holds
from ..types.schema import Schemas
from ..types.ty import Constraint


def checks_of(constraints: Sequence[Constraint], value: Any, schemas: Schemas) -> dict[str, Check]:
    """By their names. As in an answer there is nothing to say about null."""
    wanted = constraints if value is not None else ()
    found = (evaluate(one, value, partial(_holds, schemas)) for one in wanted)
    return {check.name: check for check in found}


def _holds(schemas: Schemas, expression: str, value: object) -> bool:
    return holds(expression, value, schemas)
