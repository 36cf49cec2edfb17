"""Calls of `baml.task` and `baml.future`: what they give is known by the functions or futures they get."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...types.ty import NEVER, UNKNOWN, ClassTy, FunctionTy, FutureTy, ListTy, NeverTy, Ty, members, union
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


def _together(c: Checker, ty: Ty) -> FutureTy:
    """What the futures of a list have in common."""
    whole = c.relation.expand(ty)
    items = c.relation.members(whole.item) if isinstance(whole, ListTy) else ()
    futures = [item for item in items if isinstance(item, FutureTy)]
    return FutureTy(
        c.relation.join(future.value for future in futures), c.relation.join(future.error for future in futures)
    )


def _all(c: Checker, types: Sequence[Ty]) -> Ty:
    found = _together(c, types[0])
    return FutureTy(ListTy(found.value), found.error)


def _any(c: Checker, types: Sequence[Ty]) -> Ty:
    found = _together(c, types[0])
    return FutureTy(found.value, ClassTy("baml.future.AllFailed", (found.error,)))


_GIVES: dict[str, Give] = {
    "baml.task.race": lambda c, types: given(c, types[0]),
    "baml.task.hedge": lambda c, types: given(c, types[0]),
    "baml.task.all": lambda c, types: ListTy(given(c, types[0])),
    "baml.task.timeout": lambda c, types: given(c, types[1]),
    "baml.future.all": _all,
    "baml.future.all_complete": _all,
    "baml.future.all_settled": lambda c, types: FutureTy(ListTy(_together(c, types[0])), NEVER),
    "baml.future.race": lambda c, types: _together(c, types[0]),
    "baml.future.any": _any,
    "baml.future.with_timeout": lambda c, types: given(c, types[1]),
}


def is_task_call(symbol: FunctionSymbol) -> bool:
    return symbol.name in _GIVES


def task_result(c: Checker, symbol: FunctionSymbol, types: Sequence[Ty]) -> Ty:
    """The type of a call whose arguments have these types; none when there is something wrong with them."""
    return _GIVES[symbol.name](c, types) if types else symbol.result
