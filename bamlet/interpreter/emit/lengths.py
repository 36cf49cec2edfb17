"""Loops of which the body surely leaves every list as long as it is, so that they may run over the list itself."""

from __future__ import annotations

from ...grammar import nodes as n
from ...grammar.walk import walk
from ..facts.typing_tables import BuiltinCall, CallPlan, ConstantUse, Tables

# What may run code of the program, or let others run, though it is no call.
_RUNS_CODE = (n.Template, n.Await, n.Spawn, n.Lambda, n.Defer, n.AsInterface, n.TestBody, n.TestSet)

_OF_SCALARS = ("string", "int", "float")
_KEEPING = frozenset(
    f"{kind}.{name}"
    for kind, names in {
        "list": (
            "length",
            "at",
            "at2",
            "includes",
            "includes2",
            "index_of",
            "index_of2",
            "slice",
            "concat",
            "sum",
        ),
        "map": ("length", "has", "get", "set", "set2", "delete", "delete2", "get_or_insert", "keys", "values"),
    }.items()
    for name in names
)


def keeps_lengths(body: n.Node, tables: Tables) -> bool:
    """Nothing in it but methods of the language itself is called, and none of those that change a length."""
    for part in walk(body):
        if isinstance(part, _RUNS_CODE) or id(part) in tables.walks_of:
            return False
        if isinstance(tables.uses.get(id(part)), ConstantUse):
            return False  # its first use works it out
        plan = tables.calls.get(id(part))
        if plan is not None and not _keeps_lengths(plan):
            return False
    return True


def _keeps_lengths(plan: CallPlan) -> bool:
    return isinstance(plan, BuiltinCall) and (plan.name in _KEEPING or plan.name.partition(".")[0] in _OF_SCALARS)
