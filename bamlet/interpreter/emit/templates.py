"""Templates to Python's own f-strings: a hole that is no string is made one, as `string.from` does."""

from __future__ import annotations

import ast

from ...grammar import nodes as n
from ...types.relate import widen_literals
from ...types.ty import STRING
from ..facts.implementations import shows_itself
from .state import Emit, EmitInto, Emitter, Gather, Target, attribute, call, load, store
from .statements import for_in
from .texts import shown


def _template(e: Emitter, node: n.Template) -> ast.expr:
    if node.text is not None:
        return ast.Constant(node.text)
    values = iter(e.operands([part.value for part in node.parts if not isinstance(part, n.TemplateText)]))
    parts: list[ast.expr] = []
    for part in node.parts:
        if isinstance(part, n.TemplateText):
            parts.append(ast.Constant(part.value))
        else:
            parts.append(ast.FormattedValue(_shown(e, part.value, next(values)), -1, None))
    return ast.JoinedStr(parts)


def _shown(e: Emitter, node: n.Expr, value: ast.expr) -> ast.expr:
    ty = e.tables.types[id(node)]
    if e.unit.relation.may_hold_values(ty) or shows_itself(e.unit.names.implementations, e.unit.relation, ty):
        return shown(e, value)
    is_text = all(widen_literals(member) == STRING for member in e.unit.relation.members(ty))
    return value if is_text else call("$plain_text", value)


def _repeated(e: Emitter, node: n.Repeated, target: Target) -> None:
    parts = e.temporary()
    e.add(ast.Assign([store(parts)], ast.List([], ast.Load())), node)
    for_in(e, node.loop, Gather(parts))
    whole: ast.expr = load(parts)
    if node.joined:
        whole = ast.Call(attribute(ast.Constant(""), "join"), [whole], [])
    e.finish(whole, target, node)


TEMPLATES: dict[type, Emit] = {n.Template: _template}
INTO_TEMPLATES: dict[type, EmitInto] = {n.Repeated: _repeated}
