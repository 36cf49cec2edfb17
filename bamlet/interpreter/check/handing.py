"""Calls that hand functions over, noted for the call graph: who hands what knows whether that may wait."""

from __future__ import annotations

from collections.abc import Sequence

from ...grammar import nodes as n
from ...types.ty import FunctionTy
from ..facts.interface import Param
from ..facts.symbols import FunctionSymbol
from .arguments import Slots, written
from .state import Checker


def note_reach(
    c: Checker, node: n.Call, symbol: FunctionSymbol, receiver: n.Expr | None, slots: Slots | None
) -> None:
    """That a function is called here, and with which functions as arguments."""
    before = 0 if receiver is None else 1
    handed = _handed(node, symbol.params[before:], slots, before) if symbol.kind == "code" else ()
    if handed:
        c.tables.handed[id(node)] = handed
        c.tables.hands.add(id(node))
    else:
        c.tables.reaches.add(symbol.name)


def _handed(
    node: n.Call, params: Sequence[Param], slots: Slots | None, before: int
) -> tuple[tuple[int, n.Expr], ...]:
    places = [at for at, param in enumerate(params) if is_function(param)]
    if not places:
        return ()
    given = written(node)
    if slots is None and len(given) != len(params):
        return ()  # which has been said
    by_place = range(len(params)) if slots is None else slots
    return tuple((before + at, given[slot]) for at in places if (slot := by_place[at]) is not None)


def is_function(param: Param) -> bool:
    """Whether every argument for it is a function: nothing else, and not left out."""
    return isinstance(param.ty, FunctionTy) and not param.has_default
