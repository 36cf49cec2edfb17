"""The call graph's answers: which functions can reach an operation that suspends, and which need the context.

A function that does neither is emitted as a plain `def` with the parameters it was written with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .check import Checked
from .symbols import Names


@dataclass(frozen=True, slots=True)
class Effects:
    suspends: frozenset[str]
    needs_context: frozenset[str]


def infer_effects(own: Names, checked: Checked, library: Effects | None, all_async: bool) -> Effects:
    """`all_async` gives every function both, which must not change what a program does."""
    suspends = set(library.suspends) if library else set()
    context = set(library.needs_context) if library else set()
    for symbol in own.functions.values():
        if symbol.kind == "stub":
            context.add(symbol.name)
        if symbol.suspends or (all_async and symbol.kind == "code"):
            suspends.add(symbol.name)
            context.add(symbol.name)
    calls: dict[str, set[str]] = {}
    for name, tables in checked.tables.items():
        calls[name] = tables.reaches
        if tables.calls_values:
            suspends.add(name)
        if tables.loops or tables.uses_context or tables.calls_values:
            context.add(name)
    _spread(calls, suspends)
    context |= suspends
    _spread(calls, context)
    return Effects(frozenset(suspends), frozenset(context))


def _spread(calls: Mapping[str, set[str]], marked: set[str]) -> None:
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
