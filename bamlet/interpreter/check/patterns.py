"""Patterns, match and catch: what an arm tests, what it binds, what is left for the arms after it."""

from __future__ import annotations

from collections.abc import Iterable

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...types.show import show
from ...types.ty import (
    ERROR,
    NEVER,
    NULL,
    UNKNOWN,
    ErrorTy,
    Ty,
    UnknownTy,
    VariantTy,
    bare,
    literal,
    members,
    union,
)
from ..resolve_types import BUILTIN_TYPES
from ..typing_tables import AnyTest, LiteralTest, OrTest, PatternTest, TypeTest, Variable, VariantTest
from .narrow import assume, place_of
from .state import INFER, Checker, Facts, Place


def _match(c: Checker, node: n.Match, expected: Ty | None) -> Ty:
    if node.type is None:
        scrutinee = c.infer(node.scrutinee)
    else:
        scrutinee = c.resolve(node.type)
        c.require(node.scrutinee, scrutinee)
    place = place_of(c, node.scrutinee)
    ty, left = _arms(c, node.arms, scrutinee, place, expected)
    if not node.arms:
        c.wrong(node, catalogue.NON_EXHAUSTIVE_MATCH, "a match needs at least one arm")
    elif left != NEVER and not isinstance(bare(scrutinee), UnknownTy | ErrorTy):
        cases = ", ".join(f"`{show(member)}`" for member in members(left))
        message = f"this match on `{show(scrutinee)}` leaves out {cases}"
        c.wrong(node.scrutinee, catalogue.NON_EXHAUSTIVE_MATCH, message, hint="add an arm for it, or `_ => …`")
    return ty


def _catch(c: Checker, node: n.Catch, expected: Ty | None) -> Ty:
    before = dict(c.facts)
    results = [c.infer(node.value, expected)]
    after = c.facts
    ways: list[Facts] = [] if results[0] == NEVER else [after]
    for clause in node.clauses:
        # The throw may have come from anywhere in the guarded expression.
        c.facts = {place: ty for place, ty in before.items() if place in after}
        with c.scope():
            if clause.binder is not None:
                c.declare(clause.binder, UNKNOWN, clause)
            binder = c.tables.variables.get(id(clause))
            place: Place | None = (binder,) if binder else None
            ty, _ = _arms(c, clause.arms, UNKNOWN, place, expected)
        results.append(ty)
        if ty != NEVER:
            ways.append(c.facts)
    c.facts = _merged(c, ways, after)
    return c.relation.join(results)


def _arms(
    c: Checker, arms: Iterable[n.MatchArm], scrutinee: Ty, place: Place | None, expected: Ty | None
) -> tuple[Ty, Ty]:
    """The type of the whole, and what no arm takes."""
    before = c.facts
    left, results, ways = scrutinee, [], []
    for arm in arms:
        if left == NEVER and scrutinee != NEVER:
            c.wrong(arm.pattern, catalogue.UNREACHABLE_ARM, "the arms above already take everything")
        c.facts = dict(before)
        with c.scope():
            matched = _pattern(c, arm.pattern, left)
            if place is not None:
                c.facts[place] = c.relation.overlap(left, matched)
            if arm.guard is not None:
                c.infer(arm.guard)
                c.facts = assume(c, arm.guard, True)
            ty = c.infer(arm.body, expected)
        results.append(ty)
        if ty != NEVER:
            ways.append(c.facts)
        if arm.guard is None and not isinstance(scrutinee, UnknownTy):
            left = c.relation.without(left, matched)
    c.facts = _merged(c, ways, before)
    return c.relation.join(results), left


def _merged(c: Checker, ways: list[Facts], otherwise: Facts) -> Facts:
    if not ways:
        return otherwise
    merged = ways[0]
    for way in ways[1:]:
        merged = c.merge(merged, way)
    return merged


# --- one pattern


def _pattern(c: Checker, node: n.Pattern, scrutinee: Ty) -> Ty:
    """Record what the pattern tests and return the type of what it takes."""
    test, ty = _test(c, node, scrutinee)
    c.tables.patterns[id(node)] = test
    return ty


def _test(c: Checker, node: n.Pattern, scrutinee: Ty) -> tuple[PatternTest, Ty]:
    match node:
        case n.LiteralPattern(value=None):
            return LiteralTest(None), NULL
        case n.LiteralPattern(value=float() as value):
            return LiteralTest(value), NEVER  # one float takes nothing from all floats
        case n.LiteralPattern(value=str() | int() as value):
            return LiteralTest(value), literal(value)
        case n.BindingPattern():
            return _binding(c, node, scrutinee)
        case n.OrPattern():
            tests, types = zip(*(_test(c, part, scrutinee) for part in node.alternatives), strict=True)
            return OrTest(tests), union(types)
        case n.PathPattern():
            return _path_pattern(c, node, scrutinee)
        case _:
            raise AssertionError(node)


def _binding(c: Checker, node: n.BindingPattern, scrutinee: Ty) -> tuple[PatternTest, Ty]:
    if node.type is None:
        return AnyTest(_declare(c, node.name, scrutinee, node)), scrutinee
    ty = c.resolve(node.type)
    return TypeTest(ty, _declare(c, node.name, c.relation.overlap(scrutinee, ty), node)), ty


def _declare(c: Checker, name: n.Identifier, ty: Ty, node: n.Node) -> Variable | None:
    return None if name.name == "_" else c.declare(name, ty, node)


def _path_pattern(c: Checker, node: n.PathPattern, scrutinee: Ty) -> tuple[PatternTest, Ty]:
    name = node.path.name
    if name == "_":
        return AnyTest(None), scrutinee
    ty = BUILTIN_TYPES.get(name) or c.names.named_type(name)
    if ty is not None:
        return TypeTest(ty, None), ty
    if len(node.path.parts) == 1:
        return AnyTest(_declare(c, node.path.parts[0], scrutinee, node)), scrutinee
    return _variant(c, node)


def _variant(c: Checker, node: n.PathPattern) -> tuple[PatternTest, Ty]:
    enum = ".".join(part.name for part in node.path.parts[:-1])
    last = node.path.parts[-1]
    schema = c.names.enums.get(enum)
    if schema is None:
        hint = did_you_mean(enum, c.names.enums)
        c.wrong(node, catalogue.UNKNOWN_TYPE, f"no enum is called `{enum}`", hint=hint)
        return AnyTest(None), ERROR
    names = [member.name for member in schema.members]
    if last.name not in names and not schema.dynamic:
        message = f"enum `{enum}` has no value `{last.name}`"
        c.wrong(last, catalogue.UNKNOWN_VARIANT, message, hint=did_you_mean(last.name, names))
        return AnyTest(None), ERROR
    return VariantTest(enum, last.name), VariantTy(enum, last.name)


INFER.update({n.Match: _match, n.Catch: _catch})
