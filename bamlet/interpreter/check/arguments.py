"""Which argument of a call is for which parameter: by position first, then by name; what is left has defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...types.show import show
from ...types.ty import Ty
from ..facts.interface import Param, in_call_order
from .state import Checker

Slots = tuple[int | None, ...]


def written(node: n.Call) -> list[n.Expr]:
    """All arguments, in the order in which they are written and evaluated."""
    return [*node.arguments, *(argument.value for argument in node.named)]


def slots_of(c: Checker, node: n.Call, name: str, params: Sequence[Param], by_position: bool) -> Slots | None:
    """For each parameter the argument that it gets; None if they do not fit, which has been said."""
    slots: list[int | None] = [None] * len(params)
    names = [param.name for param in params]
    if not _in_order(c, node) or not _by_position(c, node, name, params, slots, by_position):
        return None
    for at, argument in enumerate(node.named, len(node.arguments)):
        word = argument.name.name
        if word not in names:
            message = f"{name} has no parameter `{word}`"
            hint = did_you_mean(word, names) or (f"it has {', '.join(names)}" if names else "it takes nothing")
            c.wrong(argument.name, catalogue.NAMED_ARGUMENT, message, hint=hint)
            return None
        if slots[names.index(word)] is not None:
            c.wrong(
                argument.name, catalogue.NAMED_ARGUMENT, f"`{word}` is given twice", hint="take one of them away"
            )
            return None
        slots[names.index(word)] = at
    missing = [param for param, slot in zip(params, slots, strict=True) if slot is None and not param.has_default]
    if missing:
        _too_few(c, node, name, params, missing)
        return None
    return tuple(slots)


def _in_order(c: Checker, node: n.Call) -> bool:
    if node.named and node.arguments and node.arguments[-1].start > node.named[0].start:
        message = "arguments by position come before those by name"
        c.wrong(node.arguments[-1], catalogue.NAMED_ARGUMENT, message, hint="give this one by its name, too")
        return False
    return True


def _by_position(
    c: Checker, node: n.Call, name: str, params: Sequence[Param], slots: list[int | None], all_of_them: bool
) -> bool:
    places = [at for at, param in enumerate(params) if all_of_them or not param.has_default]
    for at, argument in enumerate(node.arguments):
        if at < len(places):
            slots[places[at]] = at
            continue
        by_name = [param.name for param in params if param.has_default]
        if at - len(places) < len(by_name):
            word = by_name[at - len(places)]
            message = f"`{word}` has a default value, so it is given by name"
            c.wrong(argument, catalogue.NAMED_ARGUMENT, message, hint=f"write `{word} = …`")
        else:
            _wrong_count(c, node, name, params)
        return False
    return True


def _too_few(c: Checker, node: n.Call, name: str, params: Sequence[Param], missing: Sequence[Param]) -> None:
    if not node.named and not any(param.has_default for param in params):
        _wrong_count(c, node, name, params)
        return
    words = ", ".join(f"`{param.name}`" for param in missing)
    c.wrong(node, catalogue.ARGUMENT_COUNT, f"{name} also needs {words}")


def _wrong_count(c: Checker, node: n.Call, name: str, params: Sequence[Param]) -> None:
    wanted = f"{len(params)} argument{'s' if len(params) != 1 else ''}"
    message = f"{name} takes {wanted}, found {len(written(node))}"
    listed = ", ".join(show(param.ty) for param in params)
    c.wrong(node, catalogue.ARGUMENT_COUNT, message, hint=f"it takes `({listed})`" if params else None)


def check_arguments(
    c: Checker,
    node: n.Call,
    name: str,
    params: Sequence[Param],
    require: Callable[[n.Expr, Ty], Ty] | None = None,
    *,
    by_position: bool = False,
) -> tuple[list[Ty], Slots | None]:
    """The types of the arguments as written, none if they do not fit; and the slots, if they say anything."""
    given = written(node)
    slots = slots_of(c, node, name, params, by_position)
    if slots is None:
        for argument in given:
            c.look(argument)
        return [], None
    wanted: dict[int, Ty] = {slot: param.ty for slot, param in zip(slots, params, strict=True) if slot is not None}
    types = [(require or c.require)(argument, wanted[at]) for at, argument in enumerate(given)]
    is_plain = slots == tuple(range(len(params))) and in_call_order(params) == list(range(len(params)))
    return types, None if is_plain else slots


def refuse_names(c: Checker, node: n.Call, what: str) -> bool:
    """Whether there are arguments by name where nothing has names. Then all that can be said is said."""
    if not node.named:
        return False
    c.wrong(node.named[0].name, catalogue.NAMED_ARGUMENT, f"{what} takes its arguments by position")
    for argument in written(node):
        c.look(argument)
    return True
