"""`for` over what is no list: the loop asks an iterator for one value after the other, until there is none."""

from __future__ import annotations

from ...grammar import nodes as n
from ...types.relate import widen_literals
from ...types.ty import STRING, ListTy, Ty, members
from .state import Checker

ITERABLE = "baml.iter.Iterable"
_DONE = "baml.iter.Done"
_SOURCE, _NEXT = "iterator$", "next$"  # no word of the language ends in a dollar


def asks_iterator(c: Checker, ty: Ty) -> bool:
    """Lists are gone through as they are, and the first edition knows no other way to go through a string."""
    if any(isinstance(member, ListTy) for member in members(ty)):
        return False
    if c.edition == 1 and widen_literals(ty) == STRING:
        return False
    return c.relation.as_interface(ty, ITERABLE) is not None


def over_iterator(c: Checker, node: n.ForIn, ty: Ty) -> bool:
    """`for (let x in e) { a }` is `let i = e.iter(); while (true) { let n = i.next(); … let x = n; a }`."""
    start, end = node.iterable.start, node.iterable.end
    held = n.Let(start, end, n.Identifier(start, end, f"of {_SOURCE}"), None, node.iterable, False)
    source = n.Let(start, end, n.Identifier(start, end, _SOURCE), None, _call(node, held.name.name, "iter"), False)
    following = n.Let(start, end, n.Identifier(start, end, _NEXT), None, _call(node, _SOURCE, "next"), False)
    is_over = n.InstanceOf(start, end, _path(node, _NEXT), _done(node))
    leave = n.If(start, end, is_over, n.Block(start, end, (), n.Break(start, end)), None, False)
    item = n.Let(node.name.start, node.name.end, node.name, None, _path(node, _NEXT), False)
    body = node.body.replaced(
        statements=(following, n.ExprStatement(start, end, leave), item, *node.body.statements),
    )
    loop = n.While(node.start, node.end, n.BoolLiteral(start, end, True), body, False)
    block = n.Block(node.start, node.end, (held, source, loop), None)
    c.tables.walks_of[id(node)] = block
    c.tables.made.append(block)
    with c.scope():
        c.declare(held.name, ty, held)
        c.check_statement(source)
        c.check_statement(loop)
    c.tables.variables[id(node)] = c.tables.variables[id(item)]
    return False


def _path(node: n.ForIn, name: str) -> n.Path:
    start, end = node.iterable.start, node.iterable.end
    return n.Path(start, end, (n.Identifier(start, end, name),))


def _call(node: n.ForIn, owner: str, method: str) -> n.Call:
    start, end = node.iterable.start, node.iterable.end
    path = n.Path(start, end, (*_path(node, owner).parts, n.Identifier(start, end, method)))
    return n.Call(start, end, path, (), (), ())


def _done(node: n.ForIn) -> n.TypeName:
    start, end = node.iterable.start, node.iterable.end
    parts = tuple(n.Identifier(start, end, word) for word in _DONE.split("."))
    return n.TypeName(start, end, parts, None, ())
