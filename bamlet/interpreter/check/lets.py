"""`let` with a pattern, and `is`: patterns outside of a match."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.relate import widen_literals
from ...types.show import show
from ...types.ty import BOOL, NEVER, Ty, members
from ..facts.typing_tables import TypeTest, binds, looks_inside
from .offers import Offer, Taken
from .patterns import check_pattern, has_error
from .places import place_of
from .spaces import is_structural, left_over
from .state import Checker, CheckStatement, Infer


def _let_pattern(c: Checker, node: n.LetPattern) -> bool:
    """With an `else` the pattern may fail, and then the block leaves; what follows knows that it fitted."""
    ty = c.infer(node.value)
    offer = Offer.whole(c, ty, widen_literals(c.relation.expand(ty)))
    if node.otherwise is not None:
        before = dict(c.facts)
        if c.infer(node.otherwise) != NEVER:
            hint = "end it with `return`, `throw`, `break` or `continue`"
            message = "this block must not come to its end: behind it, the pattern counts as fitting"
            c.wrong(node.otherwise, catalogue.LET_ELSE, message, hint=hint)
        c.facts = before
    taken = check_pattern(c, node.pattern, offer)
    left = _left(c, offer, taken)
    if node.otherwise is None and left:
        cases = ", ".join(f"`{case}`" for case in left)
        message = f"this pattern does not fit {cases}"
        c.wrong(node.pattern, catalogue.REFUTABLE_LET, message, hint="add `else { … }` behind the value")
    elif node.otherwise is not None and not left and not has_error(ty):
        c.wrong(
            node.pattern,
            catalogue.IRREFUTABLE_PATTERN,
            "this pattern fits every value",
            hint="take the `else` away",
        )
    place = place_of(c, node.value)
    if place is not None and not looks_inside(taken.test):
        c.facts[place] = c.relation.overlap(ty, taken.may)
    return ty == NEVER


def _left(c: Checker, offer: Offer, taken: Taken) -> list[str]:
    if has_error(taken.may) or has_error(offer.left.ty) or offer.left.is_empty():
        return []
    if is_structural(taken.test):
        return left_over(c, offer.left.ty, [taken.test])
    return [show(one) for one in members(c.relation.without(offer.left.ty, taken.surely)) if one != NEVER]


def _is(c: Checker, node: n.Is, expected: Ty | None) -> Ty:
    ty = c.infer(node.value)
    with c.scope():
        taken = check_pattern(c, node.pattern, Offer.whole(c, ty, widen_literals(c.relation.expand(ty))))
    if binds(taken.test):
        message = "`is` only tells whether a pattern fits, and binds nothing"
        hint = "write the name of a type, or `if let` where the value is wanted"
        c.wrong(node.pattern, catalogue.IS_BINDS, message, hint=hint)
    if isinstance(node.pattern, n.TypePattern):
        _warn_of_two_marks(c, node, node.pattern.type)
    if isinstance(taken.test, TypeTest):
        c.tables.tests[id(node)] = taken.test
    return NEVER if ty == NEVER else BOOL


def _warn_of_two_marks(c: Checker, node: n.Is, ty: n.TypeNode) -> None:
    """`x is int ?? y`"""
    if isinstance(ty, n.OptionalType) and isinstance(ty.inner, n.OptionalType):
        message = "behind a type `??` belongs to it: this is a type that may be null"
        hint = "put the test in parentheses: `(… is …) ?? …`"
        c.wrong(node.pattern, catalogue.SURPRISING_READING, message, hint=hint)


LET_PATTERNS: dict[type, CheckStatement] = {n.LetPattern: _let_pattern}
IS: dict[type, Infer] = {n.Is: _is}
