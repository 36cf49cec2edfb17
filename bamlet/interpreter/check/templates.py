"""Templates: strings with holes, of which each is shown as `string.from` shows it."""

from __future__ import annotations

from ...grammar import nodes as n
from ...types.ty import NEVER, STRING, Ty, literal
from .state import Checker, Infer


def _template(c: Checker, node: n.Template, expected: Ty | None) -> Ty:
    holes = [part.value for part in node.parts if isinstance(part, n.Hole)]
    for hole in holes:
        shown = c.infer(hole)
        c.tables.walks |= c.relation.may_hold_values(shown)
    if c.cut_short(holes):
        return NEVER
    return STRING if node.text is None else literal(node.text)


TEMPLATES: dict[type, Infer] = {n.Template: _template}
