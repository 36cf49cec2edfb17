"""Patterns that look into a value: the fields of a class, the elements of a list."""

from __future__ import annotations

from collections.abc import Callable

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...types.relate import widen_literals
from ...types.show import show
from ...types.ty import ERROR, NEVER, UNKNOWN, ClassTy, InterfaceTy, ListTy, ParameterTy, Ty, UnknownTy, union
from ..facts.typing_tables import AnyTest, ClassTest, ListTest, PatternTest
from .class_types import class_of_pattern, fields_of, is_settled, refuse_alias
from .offers import Offer, Taken
from .state import Checker
from .type_tests import type_test

Test = Callable[[Checker, n.Pattern, Offer], Taken]


def class_pattern(c: Checker, node: n.ClassPattern, offer: Offer, test: Test) -> Taken:
    symbol = c.names.classes.get(c.full(node.path.name))
    if symbol is None or symbol.opaque:
        if node.path.parts[0].name not in c.names.broken:
            hint = did_you_mean(node.path.name, c.names.classes)
            c.wrong(node.path, catalogue.UNKNOWN_TYPE, f"no class is called `{node.path.name}`", hint=hint)
        for field in node.fields:
            test(c, field.pattern, Offer.whole(c, ERROR, ERROR))
        return Taken(AnyTest(None), ERROR, NEVER)
    ty = class_of_pattern(c, symbol, offer.declared)
    if node.type_arguments is not None:
        given = tuple(c.resolve(argument) for argument in node.type_arguments)
        if len(given) != len(symbol.params):
            c.wrong(
                node.path, catalogue.TYPE_ARGUMENTS, f"`{symbol.name}` has {len(symbol.params)} type parameters"
            )
        else:
            ty = ClassTy(symbol.name, given)
    types = fields_of(symbol, ty)
    fields: list[tuple[str, PatternTest]] = []
    is_sure = True
    for field in node.fields:
        name = field.name.name
        if name not in types:
            message = f"`{symbol.name}` has no field `{name}`"
            c.wrong(field.name, catalogue.UNKNOWN_FIELD, message, hint=did_you_mean(name, types))
        wanted = types.get(name, ERROR)
        taken = test(c, field.pattern, Offer.whole(c, wanted, wanted))
        _refuse_bare_name(c, field.pattern, taken)
        is_sure = is_sure and c.relation.without(wanted, taken.surely) == NEVER
        _check_fits(c, field.pattern, wanted, taken)
        if name in types:
            fields.append((name, taken.test))
    of = type_test(c, node, offer.declared, ty, None)
    if not of.by_tag and not all(is_settled(c, arg) for arg in ty.args):
        refuse_alias(c, node, of)
    return Taken(ClassTest(of, tuple(fields)), ty, ty if is_sure else NEVER)


def list_pattern(c: Checker, node: n.ListPattern, offer: Offer, test: Test) -> Taken:
    lists = [member for member in c.relation.members(offer.left.ty) if isinstance(member, ListTy)]
    lists = lists or [member for member in c.relation.members(offer.declared) if isinstance(member, ListTy)]
    may_be_any = any(
        isinstance(member, UnknownTy | ParameterTy | InterfaceTy) for member in c.relation.members(offer.declared)
    )
    item = c.relation.join([one.item for one in lists] + ([UNKNOWN] if may_be_any or not lists else []))
    rests = [at for at, part in enumerate(node.items) if isinstance(part, n.RestPattern)]
    for at in rests[1:]:
        message = "a list pattern has one `..`: of two, nobody could tell which takes how many"
        c.wrong(node.items[at], catalogue.UNSUPPORTED, message, hint="take one of them away")
    tests: list[PatternTest] = []
    rest: PatternTest | None = None
    for at, part in enumerate(node.items):
        if not isinstance(part, n.RestPattern):
            taken = test(c, part, Offer.whole(c, item, item))
            _refuse_bare_name(c, part, taken)
            _check_fits(c, part, item, taken)
            tests.append(taken.test)
        elif at == rests[0]:
            whole = ListTy(widen_literals(item))
            offered = Offer.whole(c, whole, whole)
            rest = AnyTest(None) if part.pattern is None else test(c, part.pattern, offered).test
    split = rests[0] if rests else len(node.items)
    of: Ty = union(lists) if lists else ListTy(UNKNOWN)
    is_list = bool(lists) and len(lists) == len(c.relation.members(offer.declared))
    found = ListTest(is_list, tuple(tests[:split]), rest, tuple(tests[split:]))
    is_sure = isinstance(rest, AnyTest) and not tests and bool(lists)
    return Taken(found, of, of if is_sure else NEVER)


def _check_fits(c: Checker, node: n.Pattern, wanted: Ty, taken: Taken) -> None:
    if wanted != ERROR and taken.may != ERROR and c.relation.overlap(wanted, taken.may) == NEVER != wanted:
        c.wrong(node, catalogue.UNREACHABLE_ARM, f"a value of type `{show(wanted)}` never fits this")


def _refuse_bare_name(c: Checker, node: n.Pattern, taken: Taken) -> None:
    """Inside of another pattern a name alone is a type. Whether it was meant as one, nobody can tell."""
    if isinstance(node, n.PathPattern) and isinstance(taken.test, AnyTest) and taken.test.variable is not None:
        name = node.path.name
        hint = did_you_mean(name, c.names.classes) or f"write `let {name}`"
        c.wrong(node, catalogue.UNKNOWN_TYPE, f"no type is called `{name}`", hint=hint)
