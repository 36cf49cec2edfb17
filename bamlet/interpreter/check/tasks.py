"""Calls of `baml.task`: what they give has the type of what the functions give that they are handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...types.ty import UNKNOWN, FunctionTy, ListTy, NeverTy, Ty, members, union
from ..facts.symbols import FunctionSymbol
from .state import Checker

Give = Callable[[Checker, Sequence[Ty]], Ty]


def given(c: Checker, ty: Ty) -> Ty:
    """What the functions give that a value of this type is, or holds."""
    whole = c.relation.expand(ty)
    if isinstance(whole, ListTy):
        return given(c, whole.item)
    results = union(member.result for member in members(whole) if isinstance(member, FunctionTy))
    return UNKNOWN if isinstance(results, NeverTy) else results


_GIVES: dict[str, Give] = {
    "baml.task.race": lambda c, types: given(c, types[0]),
    "baml.task.hedge": lambda c, types: given(c, types[0]),
    "baml.task.all": lambda c, types: ListTy(given(c, types[0])),
    "baml.task.timeout": lambda c, types: given(c, types[1]),
}


def is_task_call(symbol: FunctionSymbol) -> bool:
    return symbol.name in _GIVES


def task_result(c: Checker, symbol: FunctionSymbol, types: Sequence[Ty]) -> Ty:
    """The type of a call whose arguments have these types; none when there is something wrong with them."""
    return _GIVES[symbol.name](c, types) if types else symbol.result
