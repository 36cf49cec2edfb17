"""Catch: what arrives is what the guarded expression may throw; what no arm takes travels on.

Panics are offered too, but only to arms that name them: they are never left over, and `_` does not take them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.remainder import Remainder
from ...types.show import show
from ...types.ty import NEVER, UNKNOWN, ClassTy, ErrorTy, Ty, UnknownTy, union
from ..facts.panics import is_panic
from ..facts.typing_tables import AnyTest, looks_inside
from .disturb import undisturbed
from .offers import Offer, Taken
from .patterns import check_pattern, has_error, infer_arm, merged, warn_of_bare_name
from .state import Checker, Facts, Infer, Place, Thrown
from .throws import may_throw


def _catch(c: Checker, node: n.Catch, expected: Ty | None) -> Ty:
    before = dict(c.facts)
    with _guarded(c) as left, c.nested(node.value):
        results = [c.infer(node.value, expected)]
    after = c.facts
    ways: list[Facts] = [] if results[0] == NEVER else [after]
    for at, clause in enumerate(node.clauses):
        # The throw may have come from anywhere in the guarded expression.
        c.facts = undisturbed(c, before, node.value, *node.clauses[:at])
        with c.scope(), c.nested(clause, 2):
            results.append(_clause(c, node, clause, left, expected))
        if results[-1] != NEVER:
            ways.append(c.facts)
    for fact, origin in left.items():
        may_throw(c, fact, origin)
    c.facts = merged(c, ways, after)
    return c.relation.join(results)


@contextmanager
def _guarded(c: Checker) -> Iterator[Thrown]:
    """Gather what is thrown inside apart from what is thrown around it."""
    outer, c.thrown = c.thrown, {}
    yield c.thrown
    c.thrown = outer


def _clause(c: Checker, node: n.Catch, clause: n.CatchClause, left: Thrown, expected: Ty | None) -> Ty:
    """The type of the clause's arms. What they take is taken out of `left`."""
    place: Place | None = None
    if clause.binder is not None:
        place = (c.declare(clause.binder, UNKNOWN, clause),)
    if clause.context is not None:
        c.declare(clause.context, ClassTy("baml.errors.Context"), clause.context)
    before = dict(c.facts)
    apart = c.panics
    if clause.with_panics:
        left.update(dict.fromkeys(c.relation.members(c.panics), clause))
        c.tables.panic_catches.add(id(node))
        apart = NEVER
    offered = c.relation.join(left)
    whole = c.relation.join((offered, apart))
    rest, sure = Remainder(c.relation, offered), list[Ty]()
    results: list[Ty] = []
    ways: list[Facts] = []
    for arm in clause.arms:
        c.facts = dict(before)
        with c.scope():
            taken = check_pattern(c, arm.pattern, Offer(rest, whole, apart))
            warn_of_bare_name(c, arm.pattern, taken)
            named = union(member for member in c.relation.members(taken.may) if is_panic(member))
            comes = union((rest.overlap(taken.may), c.relation.overlap(apart, named)))
            _check_arm(c, arm, taken, offered, comes)
            if named != NEVER:
                c.tables.panic_catches.add(id(node))
            if place is not None and not looks_inside(taken.test):
                c.facts[place] = comes
            results.append(infer_arm(c, arm, expected))
        if results[-1] != NEVER:
            ways.append(c.facts)
        if arm.guard is None:
            rest.take(taken.surely)
            sure.append(taken.surely)
            if named != NEVER:
                apart = c.relation.without(apart, named)
                whole = c.relation.join((offered, apart))
        else:
            before = undisturbed(c, before, arm.guard)
            place = place if place and undisturbed(c, {place: UNKNOWN}, arm.guard) else None
    c.facts = merged(c, ways, before)
    _take(c, left, rest, union(sure))
    _check_left(c, clause, left)
    return c.relation.join(results)


def _take(c: Checker, left: Thrown, rest: Remainder, taken: Ty) -> None:
    """Take out of `left` what no `rest` has; what another fact holds, `rest` does not name by itself."""
    before = {} if rest.is_empty() else dict(left)
    left.clear()
    for fact, origin in before.items():
        parts = (fact,) if rest.has(fact) else c.relation.members(c.relation.without(fact, taken))
        left.update(dict.fromkeys((part for part in parts if part != NEVER), origin))


def _check_arm(c: Checker, arm: n.MatchArm, taken: Taken, offered: Ty, comes: Ty) -> None:
    if not isinstance(taken.test, AnyTest) and any(
        isinstance(ty, UnknownTy) for ty in c.relation.members(taken.may)
    ):
        message = "a catch pattern of type `unknown` says nothing of what it takes"
        hint = "`_` takes every value that was thrown; panics are named, as in `baml.panics.DivisionByZero`"
        c.wrong(arm.pattern, catalogue.CATCH_BINDING, message, hint=hint)
    elif comes == NEVER and not has_error(taken.may):
        message, hint = "what this arm takes is never thrown here", None
        if isinstance(taken.test, AnyTest) and offered != NEVER:
            message = "the arms above already take everything that is thrown here"
        elif isinstance(taken.test, AnyTest):
            message = "nothing is thrown here"
            hint = "a panic, such as an index out of bounds, is taken by name only: `baml.panics.Panic => …`"
        c.wrong(arm.pattern, catalogue.UNREACHABLE_CATCH_ARM, message, hint=hint)


def _check_left(c: Checker, clause: n.CatchClause, left: Thrown) -> None:
    if clause.exhaustive and left and not any(isinstance(fact, ErrorTy) for fact in left):
        panics = [fact for fact in left if is_panic(fact)]
        types = ", ".join(f"`{show(fact)}`" for fact in left if fact not in panics)
        if panics:
            types = ", ".join(filter(None, (types, "panics")))
        word = "catch_all_panics" if clause.with_panics else "catch_all"
        message = f"this {word} leaves out {types}"
        c.wrong(clause, catalogue.NON_EXHAUSTIVE_CATCH, message, hint="add an arm for it, or `_ => …`")
    for panic in [fact for fact in left if is_panic(fact)]:
        del left[panic]


CATCHES: dict[type, Infer] = {n.Catch: _catch}
