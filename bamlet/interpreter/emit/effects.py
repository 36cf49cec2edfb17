"""The call graph's answers: which functions can reach an operation that suspends, which need the context, and
which calls must look whether the program was told to stop.

A function that needs none of it is emitted as a plain `def` with the parameters it was written with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ...types.ty import BOOL, FLOAT, INT, NULL, STRING, EnumTy, LiteralTy, Ty, VariantTy
from ...types.variables import parameters_in
from ..check import Checked
from ..facts.builtins import SHRINKING, START
from ..facts.code_names import constant_name, dispatch_name, is_constant_name, prompt_name
from ..facts.cycles import finished, groups
from ..facts.effects import Effects
from ..facts.implementations import TO_STRING
from ..facts.interface import is_of_library
from ..facts.symbols import Names
from ..facts.typing_tables import BuiltinCall, CallPlan, FunctionCall, InterfaceCall, UnionCall, ValueCall
from .showing import handed_on

HEAVY = 1_000  # calls that one call may lead to, without a loop or a recursion, before it looks itself


def infer_effects(own: Names, view: Names, checked: Checked, library: Effects | None, all_async: bool) -> Effects:
    """`all_async` gives every function both, which must not change what a program does."""
    dispatched = _dispatched(view)
    suspends = set(library.suspends) - dispatched.keys() if library else set()
    outside = set(library.outside) - dispatched.keys() if library else set()
    context = set(library.needs_context) - dispatched.keys() if library else set()
    if library is None:  # any program may implement its interfaces, with functions that wait
        suspends |= dispatched.keys()
    calls = {**{name: tables.reaches for name, tables in checked.tables.items()}, **dispatched}
    plain = _never_waiting(view, calls)
    for symbol in own.functions.values():
        if symbol.kind == "stub":
            outside.add(symbol.name)
        if symbol.suspends or (all_async and symbol.kind == "code" and symbol.name not in plain):
            suspends.add(symbol.name)
    if all_async:
        lambdas = {closure.name for tables in checked.tables.values() for closure in tables.lambdas.values()}
        suspends |= lambdas - plain
    for name, tables in checked.tables.items():
        if tables.calls_values or START in tables.reaches:  # a task needs a loop to run in
            suspends.add(name)
        if tables.loops or tables.uses_context:
            outside.add(name)
    spread(calls, suspends)
    outside |= suspends
    spread(calls, outside)
    direct = {name: _direct(tables.reaches, dispatched) for name, tables in checked.tables.items()}
    branching, heavy = _branching(checked, direct, dispatched), _heavy(checked, direct, dispatched)
    context |= outside | branching.keys() | heavy
    context |= {name for name, tables in checked.tables.items() if tables.walks}
    changeable = (constant.name for constant in own.constants.values() if not _is_immutable(constant.ty))
    context |= set(map(constant_name, changeable))
    spread(calls, context)
    shrinks = set(library.shrinks) if library else set()
    shrinks |= {name for name, tables in checked.tables.items() if any(map(_shrinks, tables.calls.values()))}
    if any(START in called for called in calls.values()):
        shrinks |= suspends  # while it waits, tasks may take from any list
    spread(calls, shrinks)
    return Effects(
        frozenset(suspends),
        frozenset(context),
        frozenset(outside),
        branching,
        told_types(view, checked, library),
        frozenset(heavy),
        frozenset(shrinks),
        _shows(own, checked),
    )


def _shows(own: Names, checked: Checked) -> frozenset[str]:
    llm = {symbol.name for symbol in own.functions.values() if symbol.kind == "llm"}
    if not llm:
        return frozenset()
    relation = own.relation()
    written = [symbol for symbol in own.functions.values() if symbol.kind == "code"]
    found = set(llm)
    spread({s.name: handed_on(s, checked.tables[s.name], relation).values() for s in written}, found)
    return frozenset(found - llm)


def _dispatched(view: Names) -> dict[str, set[str]]:
    """Of each method of an interface: the functions that a call of it may lead to."""
    found: dict[str, set[str]] = {
        dispatch_name(full): set() for symbol in view.interfaces.values() for full in symbol.methods.values()
    }
    for (interface, _), implementation in view.implementations.items():
        symbol = view.interfaces[interface]
        for word, full in implementation.methods.items():
            found[dispatch_name(symbol.methods[word])].add(full)
    return found


def _direct(reaches: set[str], dispatched: Mapping[str, set[str]]) -> set[str]:
    """What a function reaches, with the functions of a method of an interface in the place of that."""
    return reaches.union(*(dispatched[name] for name in reaches if name in dispatched))


def told_types(view: Names, checked: Checked, library: Effects | None) -> dict[str, tuple[str, ...]]:
    """A function must be told a type if it looks at it, or hands it to one that must be told. Those that serve a
    method of an interface are called alike, so all of them are told what one looks at."""
    told = dict(library.told) if library else {}
    wanted = {name: set(tables.wants_types) for name, tables in checked.tables.items() if name in view.functions}
    alike = _serving(view)
    changed = True
    while changed:
        changed = False
        for demanded, serving in alike.items():
            places = {place for name in serving for place in _places(view, name, wanted.get(name, ()))}
            if places and demanded not in told:
                changed = True
            for name in (demanded, *serving) if places else ():
                own = view.method(name).told
                wanted.setdefault(name, set()).update(own[place].name for place in places)
                told[name] = tuple(own[place].name for place in sorted(places))
        for name, names in wanted.items():
            order = tuple(param.name for param in view.method(name).told if param.name in names)
            if order and told.get(name) != order:
                told[name], changed = order, True
        for name, names in wanted.items():
            for plan in checked.tables[name].calls.values() if name in checked.tables else ():
                if isinstance(plan, FunctionCall | InterfaceCall) and plan.symbol.name in told:
                    types = dict(plan.types)
                    handed = (types[param] for param in told[plan.symbol.name] if param in types)
                    names |= {param.name for ty in handed for param in parameters_in(ty)}
    return told


def _serving(view: Names) -> dict[str, set[str]]:
    """Of each method of an interface of the program: the functions that serve it, its own body among them."""
    found: dict[str, set[str]] = {}
    for (interface, _), implementation in view.implementations.items():
        symbol = view.interfaces[interface]
        for word, full in implementation.methods.items():
            if not is_of_library(interface) and full in view.functions:
                found.setdefault(symbol.methods[word], set()).add(full)
    return found


def _places(view: Names, name: str, wanted: Iterable[str]) -> Iterator[int]:
    return (at for at, param in enumerate(view.functions[name].told) if param.name in wanted)


def may_shrink(effects: Effects, plans: Iterable[CallPlan]) -> bool:
    """Whether any of the calls may take an element from a list."""
    return any(
        _shrinks(plan)
        or (isinstance(plan, FunctionCall) and plan.symbol.name in effects.shrinks)
        or (isinstance(plan, InterfaceCall) and dispatch_name(plan.symbol.name) in effects.shrinks)
        or (isinstance(plan, UnionCall) and any(method.name in effects.shrinks for _, method in plan.methods))
        for plan in plans
    )


def _shrinks(plan: CallPlan) -> bool:
    """What a call does by itself: an unknown function may do anything."""
    match plan:
        case BuiltinCall(name=name):
            return name in SHRINKING
        case ValueCall():
            return True
        case _:
            return False


def _is_immutable(ty: Ty) -> bool:
    """Whether one value can be shared by all calls of a program."""
    return ty in (INT, FLOAT, STRING, BOOL, NULL) or isinstance(ty, LiteralTy | EnumTy | VariantTy)


def _never_waiting(view: Names, calls: Mapping[str, set[str]]) -> set[str]:
    """Constants, holes of prompts and what shows a value cannot wait: they and what they call stay as they are."""
    showing = {
        full
        for (interface, _), found in view.implementations.items()
        if interface == TO_STRING
        for full in found.methods.values()
    }
    holes = {name for name in map(prompt_name, view.functions) if name in view.functions}
    pending = [*showing, *holes, *(name for name in calls if is_constant_name(name))]
    reached = showing | holes
    while pending:
        new = calls.get(pending.pop(), set()) - reached
        reached |= new
        pending += new
    return reached


def spread(calls: Mapping[str, Iterable[str]], marked: set[str]) -> None:
    """Mark every function that reaches a marked one."""
    callers: dict[str, list[str]] = {}
    for caller, callees in calls.items():
        for callee in callees:
            callers.setdefault(callee, []).append(caller)
    pending = list(marked)
    while pending:
        for caller in callers.get(pending.pop(), ()):
            if caller not in marked:
                marked.add(caller)
                pending.append(caller)


def _call_counts(checked: Checked, name: str, dispatched: Mapping[str, set[str]]) -> Counter[str]:
    """How often a function calls each other one and each lambda that it knows, its lambdas counted in."""
    counts: Counter[str] = Counter()
    for plan in checked.tables[name].calls.values():
        match plan:
            case FunctionCall(symbol=symbol):
                counts[symbol.name] += 1
            case InterfaceCall(symbol=symbol):
                counts.update(dispatched.get(dispatch_name(symbol.name), ()))
            case UnionCall(methods=methods):
                counts.update(symbol.name for _, symbol in methods)
            case ValueCall(known=str(known)):
                counts[known] += 1
    return counts


def _branching(
    checked: Checked, calls: Mapping[str, set[str]], dispatched: Mapping[str, set[str]]
) -> dict[str, frozenset[str]]:
    """A function that calls itself once, whatever the way round, makes a chain: the stack's depth bounds it."""
    edges = {name: sorted(callees) for name, callees in calls.items()}
    found: dict[str, frozenset[str]] = {}
    for group in groups(edges):
        for name in group:
            counts = _call_counts(checked, name, dispatched)
            back = group & counts.keys()
            if sum(counts[callee] for callee in back) > 1 or (back and checked.tables[name].loops):
                found[name] = frozenset(back)
    return found


def _heavy(checked: Checked, calls: Mapping[str, set[str]], dispatched: Mapping[str, set[str]]) -> set[str]:
    """Functions that call one another twice each, forty deep, neither loop nor recur and would never end."""
    edges = {name: sorted(callees) for name, callees in calls.items()}
    weights: dict[str, int] = {}
    heavy: set[str] = set()
    for name in finished(edges):
        counts = _call_counts(checked, name, dispatched)
        weights[name] = 1 + sum(count * weights.get(callee, 1) for callee, count in counts.items())
        if weights[name] > HEAVY:
            heavy.add(name)
            weights[name] = 1
    return heavy
