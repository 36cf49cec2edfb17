"""`xs.sort()` of values that know their order, by `baml.Comparable`: a call of what compares two of them."""

from __future__ import annotations

from ...grammar import nodes as n
from ...types.relate import widen_literals
from ...types.ty import ListTy, PrimitiveTy
from ..facts.builtins import method
from ..facts.typing_tables import BuiltinCall
from .builtin_calls import builtin_call
from .generic_calls import may_differ
from .state import Checker

_COMPARABLE = "baml.Comparable"
_FIRST, _SECOND = "first$", "second$"  # no word of the language ends in a dollar


def has_own_order(c: Checker, receiver: n.Expr) -> bool:
    """Whether the elements are all of one type, and that says how two of it compare."""
    whole = c.relation.expand(c.tables.types[id(receiver)])
    if not isinstance(whole, ListTy):
        return False
    item = widen_literals(c.relation.expand(whole.item))
    if isinstance(item, PrimitiveTy) or may_differ(c.relation, item):
        return False
    return c.relation.as_interface(item, _COMPARABLE) is not None


def sort_by_own_order(c: Checker, node: n.Call, receiver: n.Expr) -> None:
    """`xs.sort()` is `xs.sort_by((a, b) -> { a.compare(b) })`."""
    comparing = _comparing(node)
    c.tables.made.append(comparing)
    whole = c.relation.expand(c.tables.types[id(receiver)])
    builtin = method(whole, "sort_by", edition=2)
    assert builtin is not None
    c.tables.calls[id(node)] = BuiltinCall(builtin.name, (receiver, comparing))
    builtin_call(c, node, (comparing,), "sort", builtin, receiver)


def _comparing(node: n.Call) -> n.Lambda:
    start, end = node.start, node.end
    first, second, compare = (n.Identifier(start, end, name) for name in (_FIRST, _SECOND, "compare"))
    params = tuple(n.Param(start, end, name, None, None) for name in (first, second))
    call = n.Call(start, end, n.Path(start, end, (first, compare)), (), (n.Path(start, end, (second,)),), ())
    return n.Lambda(start, end, params, None, None, call, False)
