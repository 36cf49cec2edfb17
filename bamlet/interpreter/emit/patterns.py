"""Patterns to Python conditions. What lies deep in a pattern is bound by the condition itself, as it is tested."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from ...grammar import nodes as n
from ...records import dataclass
from ...types.ty import UNKNOWN, Ty
from ..facts.code_names import enum_value_name
from ..facts.typing_tables import (
    AnyTest,
    BoundTest,
    ClassTest,
    ListTest,
    LiteralTest,
    OrTest,
    PatternTest,
    TypeTest,
    Variable,
    VariantTest,
    binds,
    looks_inside,
)
from .state import Emitter, attribute, both, call, compare, first_value, load, store
from .type_tests import literal_test, type_test


@dataclass(frozen=True, slots=True)
class Subject:
    """What a pattern is tried on: where it is kept, what it can be, and when a pattern for anything takes it.

    `first` is how it is read the first time, if that is also where it is made.
    """

    value: ast.expr
    types: tuple[Ty, ...]
    anything: Callable[[], ast.expr] = lambda: ast.Constant(True)
    first: ast.expr | None = None


def binds_apart(test: PatternTest) -> bool:
    """Whether the test is a condition alone, and its variable gets its value where the arm begins."""
    return isinstance(test, AnyTest | TypeTest) and test.variable is not None


def bind(e: Emitter, test: PatternTest, value: ast.expr, node: n.Node) -> None:
    assert isinstance(test, AnyTest | TypeTest)
    assert test.variable is not None
    e.add(ast.Assign([store(test.variable.python)], _bound(test, test.variable, value)), node)


def binding(test: PatternTest, value: ast.expr) -> ast.expr:
    """The binding as a condition that always holds, for a guard that reads it."""
    assert isinstance(test, AnyTest | TypeTest)
    assert test.variable is not None
    return _kept(test.variable, _bound(test, test.variable, value))


def _kept(variable: Variable, value: ast.expr) -> ast.expr:
    return compare(ast.NamedExpr(store(variable.python), value), ast.Is(), load(variable.python))


def _bound(test: PatternTest, variable: Variable, value: ast.expr) -> ast.expr:
    return first_value(variable, call("$copied", value) if looks_inside(test) else value)


def pattern_test(e: Emitter, test: PatternTest, subject: Subject) -> ast.expr:
    value = subject.value
    first = subject.first or value
    match test:
        case AnyTest():
            return subject.anything() if subject.first is None else _evaluated(subject.first)
        case TypeTest():
            return type_test(e.unit, first, value, test)
        case LiteralTest(value=wanted):
            return literal_test(first, wanted, subject.types)
        case VariantTest(enum=enum, name=name):
            return compare(first, ast.Is(), load(enum_value_name(enum, name)))
        case OrTest(tests=tests) if any(map(binds, tests)):
            reads = (first, *[value] * (len(tests) - 1))
            ways = [_deep(e, part, read, value, subject.types) for part, read in zip(tests, reads, strict=True)]
            return ast.BoolOp(ast.Or(), [both(*way) for way in ways])
        case OrTest(tests=tests):
            return ast.BoolOp(ast.Or(), [pattern_test(e, part, subject) for part in tests])
        case BoundTest() | ClassTest() | ListTest():
            return both(*_deep(e, test, first, value, subject.types))


def _evaluated(value: ast.expr) -> ast.expr:
    """True, once the value has been made."""
    return compare(ast.Tuple([value], ast.Load()), ast.IsNot(), ast.Constant(None))


def _deep(
    e: Emitter, test: PatternTest, first: ast.expr, again: ast.expr, types: Sequence[Ty] = (UNKNOWN,)
) -> list[ast.expr]:
    """Conditions in the order in which they are asked, and bindings among them; `first` is read before `again`."""
    match test:
        case AnyTest(variable=None):
            return [_evaluated(first)] if first is not again else [ast.Constant(True)]
        case AnyTest(variable=variable) if variable is not None:
            return [_kept(variable, first_value(variable, first))]
        case TypeTest(variable=variable):
            kept = [] if variable is None else [_kept(variable, _bound(test, variable, again))]
            return [type_test(e.unit, first, again, test), *kept]
        case BoundTest(variable=variable, inner=inner):
            return [*_deep(e, inner, first, again, types), _kept(variable, _bound(inner, variable, again))]
        case ClassTest(of=of, fields=fields):
            conditions = [type_test(e.unit, first, again, of)]
            for name, inner in fields:
                conditions += _part(e, inner, attribute(again, name))
            return conditions
        case ListTest():
            return _elements(e, test, first, again)
        case _:
            return [pattern_test(e, test, Subject(again, tuple(types), first=first))]


def _part(e: Emitter, test: PatternTest, value: ast.expr) -> list[ast.expr]:
    """A part is read once, whatever its test asks of it."""
    if isinstance(test, AnyTest) and test.variable is None:
        return []
    first, again = e.twice(value)
    return _deep(e, test, first, again)


def _elements(e: Emitter, test: ListTest, first: ast.expr, again: ast.expr) -> list[ast.expr]:
    conditions: list[ast.expr] = []
    if not test.is_list:
        conditions.append(compare(call("$type", first), ast.Is(), load("$list")))
        first = again
    count = len(test.before) + len(test.after)
    conditions.append(
        compare(call("$len", first), ast.Eq() if test.rest is None else ast.GtE(), ast.Constant(count))
    )
    for at, inner in enumerate(test.before):
        conditions += _part(e, inner, ast.Subscript(again, ast.Constant(at), ast.Load()))
    if test.rest is not None:
        end = ast.Constant(-len(test.after)) if test.after else None
        middle = ast.Slice(ast.Constant(len(test.before)), end)
        conditions += _part(e, test.rest, ast.Subscript(again, middle, ast.Load()))
    for at, inner in enumerate(test.after):
        conditions += _part(e, inner, ast.Subscript(again, ast.Constant(at - len(test.after)), ast.Load()))
    return conditions
