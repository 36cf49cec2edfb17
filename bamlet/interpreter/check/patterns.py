"""Patterns and match: what an arm tests, what it binds, what is left for the arms after it."""

from __future__ import annotations

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...records import dataclass
from ...types.relate import widen_literals
from ...types.remainder import Remainder
from ...types.show import show
from ...types.ty import (
    ERROR,
    FLOAT,
    NEVER,
    NULL,
    UNKNOWN,
    ClassTy,
    ErrorTy,
    Ty,
    UnknownTy,
    VariantTy,
    literal,
    members,
    union,
)
from ..facts.typing_tables import (
    AnyTest,
    BoundTest,
    LiteralTest,
    LocalUse,
    OrTest,
    PatternTest,
    Variable,
    VariantTest,
    looks_inside,
)
from ..names.resolve_types import BUILTIN_TYPES, LATER_TYPES
from .class_types import class_of_pattern, refuse_alias, tested_type
from .disturb import undisturbed
from .narrow import assume
from .offers import Offer, Taken
from .places import field_type, place_of, type_of_local
from .spaces import Leavings, is_structural, left_over
from .state import Checker, Facts, Infer, Place, ungrouped
from .structures import class_pattern, list_pattern
from .type_tests import type_test


def _match(c: Checker, node: n.Match, expected: Ty | None) -> Ty:
    c.wants_parentheses(node, node.scrutinee, "value", "match")
    if node.type is None:
        scrutinee = c.infer(node.scrutinee)
    else:
        scrutinee = c.resolve(node.type)
        c.require(node.scrutinee, scrutinee)
    if not node.arms:
        c.wrong(node, catalogue.NON_EXHAUSTIVE_MATCH, "a match needs at least one arm", hint="write `_ => …`")
        return ERROR
    subject = Subject(scrutinee, _declared_type(c, node, scrutinee), place_of(c, node.scrutinee))
    ty, left = _arms(c, node, subject, expected)
    if left and not isinstance(c.relation.expand(scrutinee), UnknownTy | ErrorTy):
        cases = ", ".join(f"`{case}`" for case in left)
        message = f"this match on `{show(scrutinee)}` leaves out {cases}"
        c.wrong(node.scrutinee, catalogue.NON_EXHAUSTIVE_MATCH, message, hint="add an arm for it, or `_ => …`")
    return NEVER if c.cut_short((node.scrutinee,)) else ty


@dataclass(frozen=True, slots=True)
class Subject:
    """What is matched: its type with all that is known here, its type as declared, and where it is kept.

    An arm for what is known not to come is no mistake; one for what can never come is.
    """

    ty: Ty
    declared: Ty
    place: Place | None


def _declared_type(c: Checker, node: n.Match, scrutinee: Ty) -> Ty:
    path = ungrouped(node.scrutinee)
    use = c.tables.uses.get(id(path))
    if node.type is not None or not isinstance(use, LocalUse):
        return widen_literals(c.relation.expand(scrutinee))
    if not use.fields:
        return use.variable.ty
    return field_type(c, type_of_local(c, use.variable, use.fields[:-1]), use.fields[-1])


def _arms(c: Checker, node: n.Match, subject: Subject, expected: Ty | None) -> tuple[Ty, list[str]]:
    """The type of the whole, and what no arm takes."""
    before = dict(c.facts)
    left, declared = Remainder(c.relation, subject.ty), Remainder(c.relation, subject.declared)
    declared_left = Remainder(c.relation, subject.declared)
    place, results, ways = subject.place, [], []
    wrong = False
    leavings = Leavings(c, subject.declared)
    for arm in node.arms:
        c.facts = dict(before)
        with c.scope():
            taken = check_pattern(c, arm.pattern, Offer(left, subject.declared))
            warn_of_bare_name(c, arm.pattern, taken)
            wrong = wrong or has_error(taken.may)
            if _is_reachable(c, node, arm, taken, declared_left, declared, subject.declared):
                _check_structure(c, arm, taken, leavings)
            if place is not None and not looks_inside(taken.test):
                c.facts[place] = left.overlap(taken.may)
            ty = infer_arm(c, arm, expected)
        results.append(ty)
        if ty != NEVER:
            ways.append(c.facts)
        if arm.guard is None:
            leavings.take(taken.test)
            left.take(taken.surely)
            declared_left.take(taken.surely)
        else:
            # A guard that does not hold has been evaluated all the same.
            before = undisturbed(c, before, arm.guard)
            place = place if place and undisturbed(c, {place: UNKNOWN}, arm.guard) else None
    c.facts = merged(c, ways, before)
    # What a wrong pattern was meant to take is not known, so nothing is said to be left.
    return c.relation.join(results), [] if wrong or left.is_empty() else _cases(
        c, subject, left.ty, leavings.tests
    )


def _cases(c: Checker, subject: Subject, left: Ty, tests: list[PatternTest]) -> list[str]:
    if any(map(is_structural, tests)):
        return left_over(c, subject.ty, tests)
    return [show(member) for member in members(left)]


def infer_arm(c: Checker, arm: n.MatchArm, expected: Ty | None) -> Ty:
    """What an arm gives once its pattern fits."""
    if arm.guard is not None:
        c.infer(arm.guard)
        c.facts = assume(c, arm.guard, True)
    return c.infer(arm.body, expected)


def warn_of_bare_name(c: Checker, node: n.Pattern, taken: Taken) -> None:
    """In the second edition a name alone is a type: `dog => …` for `Dog => …` would take all that there is."""
    if c.edition == 1 or not isinstance(node, n.PathPattern) or not isinstance(taken.test, AnyTest):
        return
    if taken.test.variable is not None:
        name = node.path.name
        types = [*c.names.classes, *c.names.enums, *c.names.interfaces]
        hint = did_you_mean(name, types) or f"write `let {name}`"
        message = f"no type is called `{name}`, so this takes every value and calls it so"
        c.wrong(node, catalogue.BARE_BINDER, message, hint=hint)


def has_error(ty: Ty) -> bool:
    return any(isinstance(member, ErrorTy) for member in members(ty))


def _is_reachable(
    c: Checker, node: n.Match, arm: n.MatchArm, taken: Taken, left: Remainder, declared: Remainder, whole: Ty
) -> bool:
    """Whether types alone do not tell that the arm is never chosen. Then a warning has been given."""
    if whole == NEVER:
        return False
    if node.is_if_let and arm is node.arms[1]:
        if left.is_empty():
            hint = "give the type that it must have, as in `if let x: int = …`, or write a plain `let`"
            c.wrong(
                node.arms[0].pattern, catalogue.IRREFUTABLE_PATTERN, "this pattern fits every value", hint=hint
            )
        return False
    if left.is_empty():
        c.wrong(arm.pattern, catalogue.UNREACHABLE_ARM, "the arms above already take everything")
    elif declared.overlap(taken.may) == NEVER:
        c.wrong(arm.pattern, catalogue.UNREACHABLE_ARM, f"a value of type `{show(whole)}` never fits this")
    elif left.overlap(taken.may) == NEVER:
        c.wrong(arm.pattern, catalogue.UNREACHABLE_ARM, "the arms above already take this")
    else:
        return True
    return False


def _check_structure(c: Checker, arm: n.MatchArm, taken: Taken, leavings: Leavings) -> None:
    if not has_error(taken.may) and leavings.has_nothing_for(taken.test):
        c.wrong(arm.pattern, catalogue.UNREACHABLE_ARM, "the arms above already take this")


def merged(c: Checker, ways: list[Facts], otherwise: Facts) -> Facts:
    if not ways:
        return otherwise
    first, *others = ways
    return {
        place: ty if all(way[place] is ty for way in others) else c.relation.join(way[place] for way in ways)
        for place, ty in first.items()
        if all(place in way for way in others)
    }


# --- one pattern


def check_pattern(c: Checker, node: n.Pattern, offer: Offer) -> Taken:
    taken = _test(c, node, offer)
    c.tables.patterns[id(node)] = taken.test
    return taken


def _test(c: Checker, node: n.Pattern, offer: Offer) -> Taken:
    match node:
        case n.LiteralPattern():
            return _literal(node)
        case n.BindingPattern(inner=inner) if inner is not None:
            taken = _test(c, inner, offer)
            bound = _declare(c, node.name, offer.overlap(c, taken.may), node)
            if bound is not None:
                refuse_alias(c, node, taken.test)
            return Taken(taken.test if bound is None else BoundTest(bound, taken.test), taken.may, taken.surely)
        case n.BindingPattern(type=None):
            return Taken(AnyTest(_declare(c, node.name, offer.left.ty, node)), UNKNOWN, UNKNOWN)
        case n.BindingPattern(type=type_):
            assert type_ is not None
            ty = tested_type(c, type_, offer.declared)
            variable = _declare(c, node.name, offer.overlap(c, ty), node)
            taken = _typed(c, node, offer, ty, variable)
            if variable is not None:
                refuse_alias(c, node, taken.test)
            return taken
        case n.OrPattern():
            return _or(c, node, offer)
        case n.PathPattern():
            return _path_pattern(c, node, offer)
        case n.TypePattern(type=type_):
            return _typed(c, node, offer, tested_type(c, type_, offer.declared), None)
        case n.ClassPattern():
            return class_pattern(c, node, offer, check_pattern)
        case n.ListPattern():
            return list_pattern(c, node, offer, check_pattern)


def _typed(c: Checker, node: n.Pattern, offer: Offer, ty: Ty, variable: Variable | None) -> Taken:
    return Taken(type_test(c, node, offer.declared, ty, variable), ty, NEVER if has_error(ty) else ty)


def _literal(node: n.LiteralPattern) -> Taken:
    match node.value:
        case None:
            return Taken(LiteralTest(None), NULL, NULL)
        case float() as value:
            # An equal int fits as well; one float takes nothing from all floats.
            may = union((FLOAT, literal(int(value)))) if value.is_integer() else FLOAT
            return Taken(LiteralTest(value), may, NEVER)
        case value:
            ty = literal(value)
            return Taken(LiteralTest(value), union((ty, FLOAT)) if ty.base == "int" else ty, ty)


def _or(c: Checker, node: n.OrPattern, offer: Offer) -> Taken:
    """Alternatives bind the same names or none: whichever fits, each variable has a value."""
    parts: list[Taken] = []
    bound: list[dict[str, Variable]] = []
    outer = c.alternatives
    for part in node.alternatives:
        with c.scope() as names:
            parts.append(_test(c, part, offer))
        bound.append(names)
        c.alternatives = c.alternatives or names
    c.alternatives = outer
    everywhere = set(bound[0]).intersection(*bound[1:])
    for part, names in zip(node.alternatives, bound, strict=True):
        for name in names:
            if name not in everywhere:
                message = f"`{name}` would have no value when another alternative fits"
                hint = "write the alternatives as arms of their own, or bind a union: `x: A | B`"
                c.wrong(part, catalogue.UNSUPPORTED, message, hint=hint)
                return Taken(AnyTest(None), ERROR, NEVER)
    c.bring_in(bound[0])
    test = OrTest(tuple(part.test for part in parts))
    return Taken(test, union(part.may for part in parts), union(part.surely for part in parts))


def _declare(c: Checker, name: n.Identifier, ty: Ty, node: n.Node) -> Variable | None:
    """Like a `let`: literals are widened for what is assigned later, though the value is known for now."""
    if name.name == "_":
        return None
    if name.name in c.alternatives:  # another alternative has declared it
        known = c.alternatives[name.name]
        known.ty = c.relation.join((known.ty, widen_literals(ty)))
        c.forget((known,))
        c.tables.variables[id(node)] = known
        c.bring_in({name.name: known})
        return known
    variable = c.declare(name, widen_literals(ty), node)
    if variable.ty != ty:
        c.facts[(variable,)] = ty
    return variable


def _path_pattern(c: Checker, node: n.PathPattern, offer: Offer) -> Taken:
    written, name = node.path.name, c.full(node.path.name)
    if written == "_":
        return Taken(AnyTest(None), UNKNOWN, UNKNOWN)
    if node.path.parts[0].name in c.names.broken:
        return Taken(AnyTest(None), ERROR, ERROR)
    ty = c.scope_of_types.get(written) or BUILTIN_TYPES.get(written) or c.names.named_type(name)
    if ty is None and c.edition == 2:
        ty = LATER_TYPES.get(written)
    if isinstance(ty, ClassTy) and not ty.args:
        ty = class_of_pattern(c, c.names.classes[ty.name], offer.declared)
    if ty is not None:
        return _typed(c, node, offer, ty, None)
    if len(node.path.parts) == 1:
        return Taken(AnyTest(_declare(c, node.path.parts[0], offer.left.ty, node)), UNKNOWN, UNKNOWN)
    return _variant(c, node)


def _variant(c: Checker, node: n.PathPattern) -> Taken:
    enum = c.full(".".join(part.name for part in node.path.parts[:-1]))
    last = node.path.parts[-1]
    schema = c.names.enums.get(enum)
    wrong = Taken(AnyTest(None), ERROR, NEVER)
    if schema is None:
        hint = did_you_mean(enum, c.names.enums)
        c.wrong(node, catalogue.UNKNOWN_TYPE, f"no enum is called `{enum}`", hint=hint)
        return wrong
    names = [member.name for member in schema.members]
    if last.name not in names and not schema.dynamic:
        message = f"enum `{enum}` has no value `{last.name}`"
        c.wrong(last, catalogue.UNKNOWN_VARIANT, message, hint=did_you_mean(last.name, names))
        return wrong
    ty = VariantTy(enum, last.name)
    return Taken(VariantTest(enum, last.name), ty, ty)


MATCHES: dict[type, Infer] = {n.Match: _match}
