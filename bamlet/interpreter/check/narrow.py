"""What a condition tells about variables: on the way where it held, and on the way where it did not."""

from __future__ import annotations

from ...grammar import nodes as n
from ...types.ty import BOOL, NEVER, NULL, ClassTy, LiteralTy, Ty, literal, members, union
from ..typing_tables import LocalUse
from .state import Checker, Facts, Place


def assume(c: Checker, condition: n.Expr, holds: bool) -> Facts:
    """The present facts and those of a condition that has been inferred already."""
    facts = dict(c.facts)
    facts.update(_facts(c, condition, holds))
    return facts


def place_of(c: Checker, node: n.Expr) -> Place | None:
    while isinstance(node, n.Group):
        node = node.inner
    use = c.tables.uses.get(id(node)) if isinstance(node, n.Path) else None
    if isinstance(use, LocalUse):
        return (use.variable, *(part.name for part in use.fields))
    return None


def _facts(c: Checker, node: n.Expr, holds: bool) -> Facts:
    match node:
        case n.Group():
            return _facts(c, node.inner, holds)
        case n.Unary(op="!"):
            return _facts(c, node.operand, not holds)
        case n.Binary(op="&&" | "||"):
            return _connective(c, node, holds)
        case n.Binary(op="==" | "!="):
            return _equality(c, node, holds == (node.op == "=="))
        case n.InstanceOf():
            return _split(c, node.value, c.tables.tests[id(node)], holds)
        case n.Path():
            return _truth(c, node, holds)
        case _:
            return {}


def _connective(c: Checker, node: n.Binary, holds: bool) -> Facts:
    left, right = _facts(c, node.left, holds), _facts(c, node.right, holds)
    if holds == (node.op == "&&"):
        return left | right
    # One of the two decided, and we do not know which: only what both say is sure.
    return {place: c.relation.join((left[place], right[place])) for place in left if place in right}


def _equality(c: Checker, node: n.Binary, equal: bool) -> Facts:
    for value, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(other, n.NullLiteral):
            return _split(c, value, NULL, equal)
        if isinstance(other, n.StringLiteral | n.IntLiteral | n.BoolLiteral):
            return _discriminate(c, value, literal(other.value), equal)
    return {}


def _split(c: Checker, value: n.Expr, wanted: Ty, holds: bool) -> Facts:
    place = place_of(c, value)
    if place is None:
        return {}
    ty = c.tables.types[id(value)]
    return {place: c.relation.overlap(ty, wanted) if holds else c.relation.without(ty, wanted)}


def _truth(c: Checker, node: n.Path, holds: bool) -> Facts:
    """Only null and false are not true."""
    place = place_of(c, node)
    if place is None:
        return {}
    ty = c.tables.types[id(node)]
    falsy = union((NULL, LiteralTy("bool", False)))
    if holds:
        return {place: c.relation.without(ty, falsy)}
    may_be = [member for member in members(c.relation.expand(ty)) if member in (NULL, BOOL)]
    return {place: union(may_be)} if may_be else {}


def _discriminate(c: Checker, value: n.Expr, wanted: LiteralTy, equal: bool) -> Facts:
    """`x.tag == "a"` where x is one of several classes that differ in the literal type of `tag`."""
    place = place_of(c, value)
    if place is None:
        return {}
    ty = c.tables.types[id(value)]
    facts: Facts = {place: c.relation.overlap(ty, wanted) if equal else c.relation.without(ty, wanted)}
    if len(place) > 1 and isinstance(value, n.Path):
        root, owner = place[:-1], _owner_type(c, value)
        if owner is not None:
            facts[root] = union(
                member for member in members(owner) if _admits(c, member, str(place[-1]), wanted, equal)
            )
    return facts


def _owner_type(c: Checker, node: n.Path) -> Ty | None:
    from .expressions import type_of_local

    use = c.tables.uses[id(node)]
    assert isinstance(use, LocalUse)
    owner = c.relation.expand(type_of_local(c, use.variable, use.fields[:-1]))
    return owner if all(isinstance(member, ClassTy) for member in members(owner)) else None


def _admits(c: Checker, member: Ty, name: str, wanted: LiteralTy, equal: bool) -> bool:
    assert isinstance(member, ClassTy)
    field = next(f for f in c.names.classes[member.name].schema.fields if f.name == name)
    rest = c.relation.overlap(field.ty, wanted) if equal else c.relation.without(field.ty, wanted)
    return rest != NEVER
