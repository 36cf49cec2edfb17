"""Templates: strings with holes, of which each is shown as `string.from` shows it."""

from __future__ import annotations

from ...grammar import nodes as n
from ...types.ty import NEVER, STRING, ListTy, Ty, literal
from ..facts.implementations import shows_itself
from .state import Checker, Infer


def _template(c: Checker, node: n.Template, expected: Ty | None) -> Ty:
    holes = [part.value for part in node.parts if not isinstance(part, n.TemplateText)]
    for hole in holes:
        shown = c.infer(hole)
        c.tables.walks |= c.relation.may_hold_values(shown)
        c.tables.walks |= shows_itself(c.names.implementations, c.relation, shown)
    if c.cut_short(holes):
        return NEVER
    return STRING if node.text is None else literal(node.text)


def _repeated(c: Checker, node: n.Repeated, expected: Ty | None) -> Ty:
    if c.check_statement(node.loop):
        return NEVER
    return STRING if node.joined else ListTy(c.tables.types[id(node.loop.body)])


TEMPLATES: dict[type, Infer] = {n.Template: _template, n.Repeated: _repeated}
