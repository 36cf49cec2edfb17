"""`defer`: a block that runs when the block around it is left."""

from __future__ import annotations

from ...grammar import nodes as n
from ...types.ty import FunctionTy
from .state import Checker, CheckStatement
from .throws import may_throw


def _defer(c: Checker, node: n.Defer) -> bool:
    """It is checked like a lambda, since it runs later: of what is assigned meanwhile nothing is known in it, and
    of what it assigns itself nothing anywhere. But whoever calls the function around it calls it, too.
    """
    c.deferring = True
    body = c.infer(node.body)
    assert isinstance(body, FunctionTy)
    c.tables.reaches.add(c.tables.lambdas[id(node.body)].name)
    may_throw(c, body.throws, node)
    return False


DEFERS: dict[type, CheckStatement] = {n.Defer: _defer}
