"""Calls to Python expressions, by the plan that the checker has made of each."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from ...grammar import nodes as n
from ..check.arguments import written
from ..check.state import ungrouped
from ..facts.builtins import CALLING_BACK
from ..facts.code_names import class_name
from ..facts.interface import Param, in_call_order
from ..facts.symbols import FunctionSymbol
from ..facts.typing_tables import (
    BuiltinCall,
    CompanionCall,
    DeadCall,
    FunctionCall,
    InterfaceCall,
    TypedCall,
    Types,
    UnionCall,
    ValueCall,
)
from .builtin_loops import emit_callback
from .builtins import BUILTINS
from .dispatch import call_method
from .functions import call_function, call_showing, call_twin, call_unknown, may_go_on
from .lambdas import call_lambda
from .operators import element
from .state import Emit, Emitter, attribute, both, call, compare, load
from .twins import hand
from .type_tests import type_value


def _call(e: Emitter, node: n.Call) -> ast.expr:
    plan = e.tables.calls[id(node)]
    match plan:
        case FunctionCall(symbol=symbol, receiver=None, slots=slots, types=types):
            way = _way(e, node, symbol)
            given = _slotted(symbol.params, _operands(e, written(node), slots), slots)
            return way(e, symbol, given, types)
        case FunctionCall(symbol=symbol, receiver=receiver, slots=slots, types=types):
            assert receiver is not None
            way = _way(e, node, symbol)
            first, *values = _operands(e, (receiver, *written(node)), slots)
            given = [first, *_slotted(symbol.params[1:], values, slots)]
            return way(e, symbol, given, types)
        case InterfaceCall(symbol=symbol, receiver=receiver, slots=slots, types=types):
            first, *values = _operands(e, (receiver, *written(node)), slots)
            return call_method(e, symbol, [first, *_slotted(symbol.params[1:], values, slots)], types)
        case UnionCall(methods=methods, receiver=receiver, slots=slots):
            first, *values = _operands(e, (receiver, *written(node)), slots)
            return _union_call(e, methods, [first, *_slotted(methods[0][1].params[1:], values, slots)])
        case TypedCall(symbol=symbol, word=word, ty=ty):
            told = ast.Constant(word) if ty is None else type_value(e.unit, ty)
            return call_function(e, symbol, [told, *e.operands(node.arguments)])
        case CompanionCall(symbol=symbol, function=function, more=more, completed=completed, slots=slots) if (
            completed
        ):
            given = _slotted(completed.params, _operands(e, written(node), slots), slots)
            by_name = call_function(e, completed, given)
            return call_function(e, symbol, [ast.Constant(function), by_name, *map(ast.Constant, more)])
        case CompanionCall(symbol=symbol, function=function, names=names, more=more):
            keys: list[ast.expr | None] = [ast.Constant(name) for name in names]
            named = ast.Dict(keys, e.operands(written(node)))
            return call_function(e, symbol, [ast.Constant(function), named, *map(ast.Constant, more)])
        case BuiltinCall(name=name) if name in CALLING_BACK:
            return emit_callback(e, node, plan)
        case BuiltinCall(name=name, operands=operands) if name in _ELEMENTS:
            held, place = e.operands(operands)
            return element(e, node, held, place)
        case BuiltinCall(name=name, operands=operands):
            return BUILTINS[name](e, e.operands(operands))
        case ValueCall(known=known, in_lambda=in_lambda):
            values = e.operands((node.callee, *node.arguments))
            if known is not None:
                called = call_lambda(e, known, attribute(values[0], "code"), values[1:])
                # It may be its own caller, and in more than one place.
                return both(may_go_on(), called) if e.multiplies(e.known_as(known)) or in_lambda else called
            if e.is_bare(node.callee):
                return ast.Call(values[0], values[1:], [])
            return call_unknown(*e.twice(values[0]), values[1:])
        case DeadCall(first=first):
            nodes = (first, *(argument for argument in written(node) if argument is not first))
            return call("$unreachable", *e.operands(nodes))


def _way(
    e: Emitter, node: n.Call, symbol: FunctionSymbol
) -> Callable[[Emitter, FunctionSymbol, list[ast.expr], Types], ast.expr]:
    """How a function is called here. Its twin wants Python functions, so it must be known before its arguments."""
    if id(node) in e.shown:
        return call_showing
    handed = e.tables.handed.get(id(node), ())
    served = e.unit.effects.served
    renamed = {closure.name: e.known_as(closure.name) for closure in e.tables.lambdas.values()} if handed else {}
    if not handed or not served.serves(hand(symbol.name, handed, e.tables), e.bare, renamed):
        return call_function
    taken = served.takes[symbol.name]
    e.wanted_bare.update(id(ungrouped(argument)) for place, argument in handed if place in taken)
    return call_twin


Slots = tuple[int | None, ...] | None


def _operands(e: Emitter, nodes: Sequence[n.Expr], slots: Slots) -> list[ast.expr]:
    """Arguments that are not in the order of the parameters are evaluated before the call, as they are written."""
    values = e.operands(nodes)
    given = [slot for slot in slots or () if slot is not None]
    if given == sorted(given):
        return values
    return [e.spill(value, node) for value, node in zip(values, nodes, strict=True)]


def _slotted(params: Sequence[Param], values: list[ast.expr], slots: Slots) -> list[ast.expr]:
    if slots is None:
        return values
    given = (slots[at] for at in in_call_order(params))
    return [load("$omitted") if slot is None else values[slot] for slot in given]


def _union_call(e: Emitter, methods: Sequence[tuple[str, FunctionSymbol]], values: list[ast.expr]) -> ast.expr:
    """The class tells which method it is."""
    first, again = e.twice(values[0])
    made = call_function(e, methods[-1][1], [again, *values[1:]])
    for at, (name, symbol) in reversed(list(enumerate(methods[:-1]))):
        test = compare(call("$type", again if at else first), ast.Is(), load(class_name(name)))
        made = ast.IfExp(test, call_function(e, symbol, [again, *values[1:]]), made)
    return made


_ELEMENTS = {"list.at", "string.char_at"}


CALLS: dict[type, Emit] = {n.Call: _call}
