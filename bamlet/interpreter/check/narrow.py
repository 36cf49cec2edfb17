"""What a condition tells about variables: on the way where it held, and on the way where it did not."""

from __future__ import annotations

from ...grammar import nodes as n
from ...types.ty import FLOAT, NEVER, NULL, ClassTy, LiteralTy, Ty, literal, union
from ..facts.typing_tables import LocalUse
from .disturb import undisturbed
from .places import field_of, place_of, type_of_local
from .state import Checker, Facts, is_error, ungrouped


def assume(c: Checker, condition: n.Expr, holds: bool) -> Facts:
    """The present facts and those of a condition that has been inferred already."""
    facts = dict(c.facts)
    facts.update(_facts(c, condition, holds))
    return facts


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
        case n.InstanceOf() | n.Is() if id(node) in c.tables.tests:
            test = c.tables.tests[id(node)]
            return {} if holds and not test.by_tag else _split(c, node.value, test.ty, holds)
        case n.Path():
            return _truth(c, node, holds)
        case _:
            return {}


def _connective(c: Checker, node: n.Binary, holds: bool) -> Facts:
    """Worked out once: each level of a chain asks for the one below it."""
    key = (id(node), holds)
    if key not in c.facts_of:
        c.facts_of[key] = _facts_of_both(c, node, holds)
    return c.facts_of[key]


def _facts_of_both(c: Checker, node: n.Binary, holds: bool) -> Facts:
    # The right operand runs after the left one was found to hold, and may undo it.
    left, right = undisturbed(c, _facts(c, node.left, holds), node.right), _facts(c, node.right, holds)
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


def present(c: Checker, value: n.Expr) -> Facts:
    """What is known where a value is not null: of `a?.b`, that `a` is not."""
    facts: Facts = {}
    node = ungrouped(value)
    while True:
        place = place_of(c, node)
        if place is not None and not is_error(c.tables.types[id(node)]):
            facts[place] = c.relation.without(c.tables.types[id(node)], NULL)
        if not isinstance(node, n.OptionalChain):
            return facts
        node = ungrouped(node.receiver)


def _split(c: Checker, value: n.Expr, wanted: Ty, holds: bool) -> Facts:
    if isinstance(ungrouped(value), n.OptionalChain):
        return present(c, value) if wanted == NULL and not holds else {}
    place = place_of(c, value)
    if place is None:
        return {}
    ty = c.tables.types[id(value)]
    return {place: c.relation.overlap(ty, wanted) if holds else c.relation.without(ty, wanted)}


def _truth(c: Checker, node: n.Path, holds: bool) -> Facts:
    """Only null and false are not true."""
    return _split(c, node, _FALSY, not holds)


_FALSY = union((NULL, literal(False)))


def _discriminate(c: Checker, value: n.Expr, wanted: LiteralTy, equal: bool) -> Facts:
    """`x == "a"`, and `x.tag == "a"` where x is one of several classes that differ in the type of `tag`.

    What was known of x while the condition was evaluated may be known no more.
    """
    place = place_of(c, value)
    ty = c.tables.types[id(value)]
    if place is None or is_error(ty):
        return {}
    facts: Facts = {place: _compared(c, ty, wanted, equal)}
    node = ungrouped(value)
    if len(place) > 1 and isinstance(node, n.Path):
        owner = _owner_type(c, node)
        tags = [field_of(c, member, str(place[-1])) for member in owner or ()]
        if owner is not None and None not in tags:
            fits = (member for member, tag in zip(owner, tags, strict=True) if _admits(c, tag, wanted, equal))
            facts[place[:-1]] = union(fits)
    return facts


def _compared(c: Checker, ty: Ty, wanted: LiteralTy, equal: bool) -> Ty:
    """What a value of `ty` can be when it is, or is not, equal to the literal. `1.0` equals `1`."""
    if not equal:
        return c.relation.without(ty, wanted)
    return c.relation.overlap(ty, union((wanted, FLOAT)) if wanted.base == "int" else wanted)


def _owner_type(c: Checker, node: n.Path) -> list[ClassTy] | None:
    use = c.tables.uses[id(node)]
    assert isinstance(use, LocalUse)
    owner = c.relation.members(type_of_local(c, use.variable, use.fields[:-1]))
    classes = [member for member in owner if isinstance(member, ClassTy)]
    return classes if len(classes) == len(owner) else None


def _admits(c: Checker, tag: Ty | None, wanted: LiteralTy, equal: bool) -> bool:
    if isinstance(tag, LiteralTy):
        return (tag == wanted) is equal
    return tag is not None and _compared(c, tag, wanted, equal) != NEVER
