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
    calls = {name: tables.reaches for name, tables in checked.tables.items()}
    plain = _reached_from_constants(calls)
    for symbol in own.functions.values():
        if symbol.kind == "stub":
            context.add(symbol.name)
        if symbol.suspends or (all_async and symbol.kind == "code" and symbol.name not in plain):
            suspends.add(symbol.name)
            context.add(symbol.name)
    for name, tables in checked.tables.items():
        if tables.calls_values:
            suspends.add(name)
        if tables.loops or tables.uses_context or tables.calls_values:
            context.add(name)
    _spread(calls, suspends)
    context |= suspends
    _spread(calls, context)
    return Effects(frozenset(suspends), frozenset(context))


def _reached_from_constants(calls: Mapping[str, set[str]]) -> set[str]:
    """A constant cannot wait, so what it calls stays as it is."""
    pending = [name for name in calls if name.startswith("let ")]
    reached: set[str] = set()
    while pending:
        new = calls.get(pending.pop(), set()) - reached
        reached |= new
        pending += new
    return reached


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
