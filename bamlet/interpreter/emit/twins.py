"""Functions that wait for nothing but functions that they are handed: once more, for functions that never wait.

The first form is an `async def` that asks each function value how to call it. The twin is a `def` that is handed
Python functions in their place; it is called where the arguments are known to be plain. In the graph of calls it
is a function of its own, `plain NAME`, and so is the twin of each lambda in it: what the graph tells of
functions, as where they must look whether they are stopped, it tells of twins.

Which calls go to twins depends on what suspends, and that on which calls go to twins. So all are taken to go there
that might, and what turns out wrong is taken back until nothing does: nothing taken back makes another one right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...grammar import nodes as n
from ...records import replace
from ..check.state import ungrouped
from ..facts.code_names import plain_name
from ..facts.effects import Calls, Effects, Given, Hand, Served
from ..facts.typing_tables import FunctionUse, LocalUse, Tables


def candidates(graph: Mapping[str, Calls], library: Effects | None) -> dict[str, frozenset[int]]:
    """Functions that may have twins, and those of the library that have."""
    found = dict(library.served.takes) if library else {}
    found |= {name: calls.takes for name, calls in graph.items() if calls.takes and calls.called <= calls.takes}
    return found


def with_twins(graph: Mapping[str, Calls], served: Served) -> dict[str, Calls]:
    """The graph with calls that lead to twins, and with the twins in it."""
    made = {name: _led(calls, served) if calls.hands else calls for name, calls in graph.items()}
    for name in graph:
        for one in (name, *graph[name].lambdas) if name in served.takes else ():
            made[plain_name(one)] = _twin(graph[one], served, served.takes[name], renamed_in(graph[name]))
    return made


def renamed_in(calls: Calls) -> dict[str, str]:
    return {name: plain_name(name) for name in calls.lambdas}


def _twin(calls: Calls, served: Served, own: frozenset[int], renamed: Mapping[str, str]) -> Calls:
    led = _led(calls, served, own, renamed)
    return replace(
        led,
        reaches=frozenset(renamed.get(name, name) for name in led.reaches),
        counts=tuple((renamed.get(name, name), count) for name, count in led.counts),
        lambdas=tuple(renamed.values()),
        called=calls.called - own,
        hands_on=frozenset(),
    )


def _led(
    calls: Calls, served: Served, own: frozenset[int] = frozenset(), renamed: Mapping[str, str] | None = None
) -> Calls:
    """What a function does when its calls go to twins as far as they are served. What is handed over is called."""
    to_twins = [hand for hand in calls.hands if served.serves(hand, own, renamed)]
    others = {hand.callee for hand in calls.hands if hand not in to_twins}
    gone = {hand.callee for hand in to_twins if hand.callee in calls.by_hand} - others
    given = [name for hand in to_twins for _, name in hand.given if isinstance(name, str)]
    counts = dict(calls.counts)
    for hand in to_twins:
        counts[plain_name(hand.callee)] = counts.get(hand.callee, 1)
    for name in given:
        counts[name] = counts.get(name, 0) + 1
    return replace(
        calls,
        reaches=(calls.reaches - gone).union(given, (plain_name(hand.callee) for hand in to_twins)),
        counts=tuple(sorted((name, count) for name, count in counts.items() if name not in gone)),
    )


def handed_over(graph: Mapping[str, Calls]) -> set[str]:
    """All functions that any call hands over, under the names that those inside of twins have as well."""
    names = {name for calls in graph.values() for hand in calls.hands for _, name in hand.given}
    given = {name for name in names if isinstance(name, str)}
    return given | set(map(plain_name, given))


def lead_to_twins(graph: Mapping[str, Calls], served: Served) -> set[str]:
    """The twins, and the lambdas in them that call what the twin was handed: what comes of one call of those,
    nobody knows who is handed the lambda."""
    found = set(map(plain_name, served.takes))
    for name in served.takes.keys() & graph.keys():
        found |= {plain_name(each) for each in graph[name].lambdas if graph[each].called}
    return found


def is_whole(graph: Mapping[str, Calls], name: str, served: Served) -> bool:
    """Whether a twin hands its parameters to twins only: to nobody else could it hand them."""
    own, renamed = served.takes[name], renamed_in(graph[name])
    return all(
        served.serves(hand, own, renamed)
        for one in (name, *graph[name].lambdas)
        for hand in graph[one].hands
        if any(given in own for _, given in hand.given)
    )


def called_twins(graph: Mapping[str, Calls], names: Iterable[str]) -> set[str]:
    """Those of some functions whose twins anybody calls, in a graph that has the twins in it."""
    by_twin = {plain_name(name): name for name in names}
    pending = [callee for name in graph.keys() - by_twin.keys() for callee in graph[name].reaches & by_twin.keys()]
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if by_twin[name] not in found:
            found.add(by_twin[name])
            pending += graph[name].reaches & by_twin.keys()
    return found


def hand(callee: str, handed: Iterable[tuple[int, n.Expr]], tables: Tables) -> Hand:
    return Hand(callee, tuple((place, _given(node, tables)) for place, node in handed))


def _given(node: n.Expr, tables: Tables) -> Given:
    node = ungrouped(node)
    match tables.uses.get(id(node)):
        case _ if isinstance(node, n.Lambda):
            return tables.lambdas[id(node)].name
        case FunctionUse(symbol=symbol) if symbol.kind == "code":
            return symbol.name
        case LocalUse(variable=variable, fields=()):
            return variable.function if variable.function is not None else variable.place
        case _:
            return None
