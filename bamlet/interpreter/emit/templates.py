"""Templates to Python's own f-strings: a hole that is no string is made one by `$text`."""

from __future__ import annotations

import ast

from ...grammar import nodes as n
from ...types.relate import widen_literals
from ...types.ty import STRING
from .state import Emit, Emitter, call


def _template(e: Emitter, node: n.Template) -> ast.expr:
    if node.text is not None:
        return ast.Constant(node.text)
    values = iter(e.operands([part.value for part in node.parts if isinstance(part, n.Hole)]))
    parts: list[ast.expr] = []
    for part in node.parts:
        if isinstance(part, n.TemplateText):
            parts.append(ast.Constant(part.value))
        else:
            is_text = all(widen_literals(member) == STRING for member in e.members_of(part.value))
            value = next(values)
            parts.append(ast.FormattedValue(value if is_text else call("$text", value), -1, None))
    return ast.JoinedStr(parts)


TEMPLATES: dict[type, Emit] = {n.Template: _template}
