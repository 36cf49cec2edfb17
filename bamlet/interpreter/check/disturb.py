"""What running a part of the tree may undo: facts about what it assigns, and about fields if it calls anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...grammar import nodes as n
from ...grammar.walk import walk
from ..facts.builtins import CALLING_BACK, FUNCTIONS
from ..facts.typing_tables import BuiltinCall, CallPlan, DeadCall
from .state import Checker, Facts, root


def undisturbed(c: Checker, facts: Facts, *parts: n.Node | None) -> Facts:
    """The facts that hold whether or not any of the parts has run, as a whole or to its middle."""
    variables: set[str] = set()
    fields: set[str] = set()
    calls = False
    for node in walk(*parts):
        if isinstance(node, n.Call):
            calls = calls or not _is_harmless(c, node)
        elif isinstance(node, n.Await | n.Spawn):
            calls = True
        elif isinstance(node, n.Assign):
            _note(node.target, variables, fields)
    # By name: a variable that shadows the one assigned loses its facts as well, which only costs precision.
    return {
        place: ty
        for place, ty in facts.items()
        if root(place).name not in variables and fields.isdisjoint(place[1:]) and not (calls and len(place) > 1)
    }


def _is_harmless(c: Checker, node: n.Call) -> bool:
    """A builtin changes no field. A call not checked yet is judged by its name, which no class may have."""
    plan = c.tables.calls.get(id(node))
    if plan is not None:
        return changes_no_field(plan)
    callee = node.callee
    if isinstance(callee, n.FieldAccess):
        return callee.name.name in c.builtin_only
    if isinstance(callee, n.Path) and c.full(callee.name) not in c.names.functions:
        return callee.name in FUNCTIONS or callee.parts[-1].name in c.builtin_only
    return False


def changes_no_field(plan: CallPlan) -> bool:
    return isinstance(plan, DeadCall) or (isinstance(plan, BuiltinCall) and plan.name not in CALLING_BACK)


def _note(target: n.Expr, variables: set[str], fields: set[str]) -> None:
    if isinstance(target, n.OptionalChain):
        _note(target.rest, variables, fields)
    elif isinstance(target, n.FieldAccess):
        fields.add(target.name.name)
    elif isinstance(target, n.Path):
        last = target.parts[-1].name
        (variables if len(target.parts) == 1 else fields).add(last)


def leaves_loop(*parts: n.Node | None) -> Iterator[n.Break | n.Continue]:
    """Every `break` and `continue` that belongs to the loop around the parts and not to one inside them."""
    for node in walk(*parts, below=_in_this_loop):
        if isinstance(node, n.Break | n.Continue):
            yield node


def _in_this_loop(node: n.Node) -> Iterable[n.Node]:
    match node:
        case n.While():
            return ()
        case n.For(init=init):
            return () if init is None else (init,)
        case n.ForIn(iterable=iterable):
            return (iterable,)
        case _:
            return node.children()
