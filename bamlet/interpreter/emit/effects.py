"""The call graph's answers: which functions can reach an operation that suspends, which need the context, and
which calls must look whether the program was told to stop.

A function that needs none of it is emitted as a plain `def` with the parameters it was written with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ...records import replace
from ...types.ty import BOOL, FLOAT, INT, NULL, STRING, EnumTy, LiteralTy, Ty, VariantTy
from ...types.variables import parameters_in
from ..facts.builtins import START
from ..facts.code_names import constant_name, dispatch_name, is_constant_name, plain_name, prompt_name
from ..facts.cycles import finished, groups
from ..facts.effects import Calls, Effects, Served
from ..facts.implementations import TO_STRING
from ..facts.interface import is_of_library
from ..facts.symbols import Names
from ..facts.typing_tables import CallPlan, FunctionCall, InterfaceCall, UnionCall
from .call_graph import call_counts, dispatched, shrinks_by_itself
from .twins import called_twins, candidates, handed_over, is_whole, lead_to_twins, with_twins

HEAVY = 1_000  # calls that one call may lead to, without a loop or a recursion, before it looks itself


def infer_effects(
    own: Names, view: Names, graph: Mapping[str, Calls], library: Effects | None, all_async: bool
) -> Effects:
    """`all_async` gives every function both, which must not change what a program does."""
    served = Served(candidates(graph, library))
    while True:
        whole = with_twins(graph, served)
        found, calls = _infer(own, view, whole, library, all_async)
        to_twins = lead_to_twins(graph, served) | (library.to_twins if library else set())
        spread(calls, to_twins)
        marked = found.suspends | found.needs_context | to_twins
        unfit = served.unfit | (handed_over(graph) & marked)
        wrong = {
            name
            for name in served.takes.keys() & graph.keys()
            if plain_name(name) in found.suspends or not is_whole(graph, name, served)
        }
        if not wrong and unfit == served.unfit:
            break
        served = Served(_without(served.takes, wrong), unfit)
    if library is not None:  # whose twins any program may call
        unused = (served.takes.keys() & graph.keys()) - called_twins(whole, served.takes)
        served = Served(_without(served.takes, unused), served.unfit)
    return replace(found, served=served, to_twins=frozenset(to_twins))


def _without(takes: Mapping[str, frozenset[int]], names: set[str]) -> dict[str, frozenset[int]]:
    return {name: taken for name, taken in takes.items() if name not in names}


def _infer(
    own: Names, view: Names, graph: Mapping[str, Calls], library: Effects | None, all_async: bool
) -> tuple[Effects, Mapping[str, Collection[str]]]:
    led_to = dispatched(view)
    suspends = set(library.suspends) - led_to.keys() if library else set()
    outside = set(library.outside) - led_to.keys() if library else set()
    context = set(library.needs_context) - led_to.keys() if library else set()
    if library is None:  # any program may implement its interfaces, with functions that wait
        suspends |= led_to.keys()
    calls: dict[str, Collection[str]] = {**{name: found.reaches for name, found in graph.items()}, **led_to}
    plain = _never_waiting(view, calls)
    for symbol in own.functions.values():
        if symbol.kind == "stub":
            outside.add(symbol.name)
        if symbol.suspends or (all_async and symbol.kind == "code" and symbol.name not in plain):
            suspends.add(symbol.name)
    if all_async:
        suspends |= {name for found in graph.values() for name in found.lambdas} - plain
    for name, found in graph.items():
        if found.called or START in found.reaches:  # a task needs a loop to run in
            suspends.add(name)
        if found.loops or found.uses_context:
            outside.add(name)
    spread(calls, suspends)
    outside |= suspends
    spread(calls, outside)
    direct = {name: _direct(found.reaches, led_to) for name, found in graph.items()}
    branching, heavy = _branching(graph, direct, led_to), _heavy(graph, direct, led_to)
    context |= outside | branching.keys() | heavy
    context |= {name for name, found in graph.items() if found.walks}
    changeable = (constant.name for constant in own.constants.values() if not _is_immutable(constant.ty))
    context |= set(map(constant_name, changeable))
    spread(calls, context)
    shrinks = set(library.shrinks) if library else set()
    shrinks |= {name for name, found in graph.items() if found.shrinks}
    if any(START in called for called in calls.values()):
        shrinks |= suspends  # while it waits, tasks may take from any list
    spread(calls, shrinks)
    effects = Effects(
        frozenset(suspends),
        frozenset(context),
        frozenset(outside),
        branching,
        _told_types(view, graph, library),
        frozenset(heavy),
        frozenset(shrinks),
        _shows(own, graph),
    )
    return effects, calls


def _shows(own: Names, graph: Mapping[str, Calls]) -> frozenset[str]:
    llm = {symbol.name for symbol in own.functions.values() if symbol.kind == "llm"}
    if not llm:
        return frozenset()
    found = set(llm)
    spread({name: calls.hands_on for name, calls in graph.items()}, found)
    return frozenset(found - llm)


def _direct(reaches: frozenset[str], dispatched: Mapping[str, set[str]]) -> frozenset[str]:
    """What a function reaches, with the functions of a method of an interface in the place of that."""
    return reaches.union(*(dispatched[name] for name in reaches if name in dispatched))


def _told_types(view: Names, graph: Mapping[str, Calls], library: Effects | None) -> dict[str, tuple[str, ...]]:
    """A function must be told a type if it looks at it, or hands it to one that must be told. Those that serve a
    method of an interface are called alike, so all of them are told what one looks at."""
    told = dict(library.told) if library else {}
    wanted = {name: set(found.wants_types) for name, found in graph.items() if name in view.functions}
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
            for callee, types in graph[name].handed if name in graph else ():
                if callee in told:
                    by_name = dict(types)
                    handed = (by_name[param] for param in told[callee] if param in by_name)
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
        shrinks_by_itself(plan)
        or (isinstance(plan, FunctionCall) and plan.symbol.name in effects.shrinks)
        or (isinstance(plan, InterfaceCall) and dispatch_name(plan.symbol.name) in effects.shrinks)
        or (isinstance(plan, UnionCall) and any(method.name in effects.shrinks for _, method in plan.methods))
        for plan in plans
    )


def _is_immutable(ty: Ty) -> bool:
    """Whether one value can be shared by all calls of a program."""
    return ty in (INT, FLOAT, STRING, BOOL, NULL) or isinstance(ty, LiteralTy | EnumTy | VariantTy)


def _never_waiting(view: Names, calls: Mapping[str, Collection[str]]) -> set[str]:
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
        new = set(calls.get(pending.pop(), ())) - reached
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


def _branching(
    graph: Mapping[str, Calls], direct: Mapping[str, frozenset[str]], dispatched: Mapping[str, set[str]]
) -> dict[str, frozenset[str]]:
    """A function that calls itself once, whatever the way round, makes a chain: the stack's depth bounds it."""
    edges = {name: sorted(callees) for name, callees in direct.items()}
    found: dict[str, frozenset[str]] = {}
    for group in groups(edges):
        for name in group:
            counts = call_counts(graph[name], dispatched)
            back = group & counts.keys()
            if sum(counts[callee] for callee in back) > 1 or (back and graph[name].loops):
                found[name] = frozenset(back)
    return found


def _heavy(
    graph: Mapping[str, Calls], direct: Mapping[str, frozenset[str]], dispatched: Mapping[str, set[str]]
) -> set[str]:
    """Functions that call one another twice each, forty deep, neither loop nor recur and would never end."""
    edges = {name: sorted(callees) for name, callees in direct.items()}
    weights: dict[str, int] = {}
    heavy: set[str] = set()
    for name in finished(edges):
        counts = call_counts(graph[name], dispatched)
        weights[name] = 1 + sum(count * weights.get(callee, 1) for callee, count in counts.items())
        if weights[name] > HEAVY:
            heavy.add(name)
            weights[name] = 1
    return heavy
