"""Checked functions to what the graph of calls is made of: plain data, so that it outlives their trees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ...types.relate import Relation
from ..check import Checked
from ..check.handing import is_function
from ..check.state import ungrouped
from ..facts.builtins import SHRINKING
from ..facts.code_names import dispatch_name
from ..facts.effects import Calls, Hand
from ..facts.symbols import FunctionSymbol, Names
from ..facts.typing_tables import (
    BuiltinCall,
    CallPlan,
    FunctionCall,
    FunctionUse,
    InterfaceCall,
    LocalUse,
    Tables,
    UnionCall,
    ValueCall,
)
from .showing import handed_on
from .twins import hand


def call_graph(own: Names, checked: Checked) -> dict[str, Calls]:
    """Of each function, constant and lambda that was checked."""
    relation = own.relation()
    return {name: _calls(tables, own.functions.get(name), relation) for name, tables in checked.tables.items()}


def _calls(tables: Tables, symbol: FunctionSymbol | None, relation: Relation) -> Calls:
    plans = tables.calls.values()
    counts: Counter[str] = Counter()
    for plan in plans:
        counts.update(_called(plan))
    named = (plan for plan in plans if isinstance(plan, FunctionCall | InterfaceCall) and plan.types)
    handed = dict.fromkeys((plan.symbol.name, plan.types) for plan in named)
    hands = frozenset(_hand(tables, at) for at in tables.hands)
    by_hand = frozenset(one.callee for one in hands)
    return Calls(
        by_hand | tables.reaches,
        tuple(sorted(counts.items())),
        tuple(handed),
        tuple(dict.fromkeys(use.symbol.name for use in tables.uses.values() if isinstance(use, FunctionUse))),
        frozenset(handed_on(symbol, tables, relation).values()) if symbol is not None else frozenset(),
        tuple(closure.name for closure in tables.lambdas.values()),
        frozenset(tables.wants_types),
        called=frozenset(tables.called),
        takes=_takes(symbol, tables) if symbol is not None else frozenset(),
        hands=hands,
        by_hand=by_hand - tables.reaches,
        loops=tables.loops,
        uses_context=tables.uses_context,
        walks=tables.walks,
        shrinks=any(map(shrinks_by_itself, plans)),
    )


def _hand(tables: Tables, at: int) -> Hand:
    plan = tables.calls[at]
    assert isinstance(plan, FunctionCall)
    return hand(plan.symbol.name, tables.handed[at], tables)


def _takes(symbol: FunctionSymbol, tables: Tables) -> frozenset[int]:
    """The parameters that are functions, and are used for nothing but to be called and handed on."""
    functions = {at for at, param in enumerate(symbol.params) if is_function(param)}
    if not functions:
        return frozenset()
    handed = {id(ungrouped(node)) for given in tables.handed.values() for _, node in given}
    uses = [(node, use.variable) for node, use in tables.uses.items() if isinstance(use, LocalUse)]
    known = {variable.place for node, variable in uses if node in tables.called_at or node in handed}
    kept = {variable.place for node, variable in uses if node not in tables.called_at and node not in handed}
    return frozenset(functions & known - kept)


def _called(plan: CallPlan) -> tuple[str, ...]:
    """What a call leads to; a method of an interface stands for all that it may be."""
    match plan:
        case FunctionCall(symbol=symbol):
            return (symbol.name,)
        case InterfaceCall(symbol=symbol):
            return (dispatch_name(symbol.name),)
        case UnionCall(methods=methods):
            return tuple(symbol.name for _, symbol in methods)
        case ValueCall(known=str(known)):
            return (known,)
        case _:
            return ()


def shrinks_by_itself(plan: CallPlan) -> bool:
    """Whether a call may take an element from a list: an unknown function may do anything."""
    match plan:
        case BuiltinCall(name=name):
            return name in SHRINKING
        case ValueCall():
            return True
        case _:
            return False


def dispatched(view: Names) -> dict[str, set[str]]:
    """Of each method of an interface: the functions that a call of it may lead to."""
    found: dict[str, set[str]] = {
        dispatch_name(full): set() for symbol in view.interfaces.values() for full in symbol.methods.values()
    }
    for (interface, _), implementation in view.implementations.items():
        symbol = view.interfaces[interface]
        for word, full in implementation.methods.items():
            found[dispatch_name(symbol.methods[word])].add(full)
    return found


def call_counts(calls: Calls, dispatched: Mapping[str, set[str]]) -> Counter[str]:
    """How often a function calls each other one and each lambda that it knows."""
    counts: Counter[str] = Counter()
    for name, count in calls.counts:
        for each in dispatched.get(name, (name,)):
            counts[each] += count
    return counts
