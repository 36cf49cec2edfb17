"""Values as text: in a program that says of some of its classes how, the text needs more than the value."""

from __future__ import annotations

import ast

from ..facts.implementations import TO_STRING
from .state import CONTEXT, Emitter, Unit, call, load, rounds


def shown(e: Emitter, value: ast.expr) -> ast.expr:
    if any_shows_itself(e.unit):
        return call("$text_by", load(CONTEXT), value)
    return call("$text", rounds(), value)


def any_shows_itself(unit: Unit) -> bool:
    return any(interface == TO_STRING for interface, _ in unit.names.implementations)
